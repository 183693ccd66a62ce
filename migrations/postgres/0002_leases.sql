-- One row per connection. `fencing_token` rises with every run that takes the connection; writes carry it.
CREATE TABLE IF NOT EXISTS leases (
    connection    TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    fencing_token BIGINT NOT NULL CHECK (fencing_token >= 0),
    holder        TEXT   NOT NULL,
    expires_at_ms BIGINT NOT NULL
)

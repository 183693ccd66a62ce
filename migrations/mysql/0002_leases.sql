-- One row per connection. `fencing_token` rises with every run that takes the connection; writes carry it.
CREATE TABLE IF NOT EXISTS leases (
    connection    VARBINARY(255)  NOT NULL PRIMARY KEY,
    fencing_token BIGINT          NOT NULL CHECK (fencing_token >= 0),
    holder        VARBINARY(1024) NOT NULL,
    expires_at_ms BIGINT          NOT NULL
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC

-- One row per connection. `epoch` rises with every run that takes the connection; writes carry it (the fence).
CREATE TABLE IF NOT EXISTS leases (
    connection TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    epoch      BIGINT NOT NULL CHECK (epoch >= 0),
    holder     TEXT   NOT NULL,
    until_ms   BIGINT NOT NULL
)

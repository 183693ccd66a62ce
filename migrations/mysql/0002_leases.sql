-- One row per connection. `epoch` rises with every run that takes the connection; writes carry it (the fence).
CREATE TABLE IF NOT EXISTS leases (
    connection VARBINARY(255)  NOT NULL PRIMARY KEY,
    epoch      BIGINT          NOT NULL CHECK (epoch >= 0),
    holder     VARBINARY(1024) NOT NULL,
    until_ms   BIGINT          NOT NULL
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC

-- One row per connection. `epoch` rises with every run that takes the connection; writes carry it (the fence).
CREATE TABLE IF NOT EXISTS leases (
    connection TEXT    NOT NULL PRIMARY KEY,
    epoch      INTEGER NOT NULL CHECK (epoch >= 0),
    holder     TEXT    NOT NULL,
    until_ms   INTEGER NOT NULL
) STRICT, WITHOUT ROWID

-- The permits of each amoCRM account: a request needs one whose `free_at_ms` has passed.
-- `uses` tells a permit that came back late from one that somebody else has taken since.
CREATE TABLE IF NOT EXISTS permits (
    account    TEXT    NOT NULL,
    slot       INTEGER NOT NULL CHECK (slot >= 0),
    free_at_ms INTEGER NOT NULL,
    uses       INTEGER NOT NULL,
    PRIMARY KEY (account, slot)
) STRICT, WITHOUT ROWID

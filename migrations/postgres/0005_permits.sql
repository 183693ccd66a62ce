-- The permits of each amoCRM account: a request needs one whose `free_at_ms` has passed.
-- `uses` tells a permit that came back late from one that somebody else has taken since.
-- Rows change many times a second and never grow: room in each page keeps the changes off the index.
CREATE TABLE IF NOT EXISTS permits (
    account    TEXT COLLATE "C" NOT NULL,
    slot       BIGINT NOT NULL CHECK (slot >= 0),
    free_at_ms BIGINT NOT NULL,
    uses       BIGINT NOT NULL,
    PRIMARY KEY (account, slot)
) WITH (fillfactor = 10)

-- The permits of each amoCRM account: a request needs one whose `free_at_ms` has passed.
-- `uses` tells a permit that came back late from one that somebody else has taken since.
CREATE TABLE IF NOT EXISTS permits (
    account    VARBINARY(512) NOT NULL,
    slot       BIGINT         NOT NULL CHECK (slot >= 0),
    free_at_ms BIGINT         NOT NULL,
    uses       BIGINT         NOT NULL,
    PRIMARY KEY (account, slot)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC

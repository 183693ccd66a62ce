-- Who has signed in, and other things that end by themselves. Of a token only its digest is kept, in hex.
CREATE TABLE IF NOT EXISTS sessions (
    digest   VARBINARY(64) NOT NULL PRIMARY KEY,
    purpose  VARBINARY(64) NOT NULL,
    data     LONGTEXT      CHARACTER SET utf8mb4 NOT NULL,
    began_ms BIGINT        NOT NULL,
    seen_ms  BIGINT        NOT NULL,
    until_ms BIGINT        NOT NULL
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC

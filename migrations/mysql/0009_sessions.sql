-- Who has signed in, and other things that end by themselves. Of a token only its digest is kept, in hex.
CREATE TABLE IF NOT EXISTS sessions (
    token_digest    VARBINARY(64) NOT NULL PRIMARY KEY,
    purpose         VARBINARY(64) NOT NULL,
    data            LONGTEXT      CHARACTER SET utf8mb4 NOT NULL,
    started_at_ms   BIGINT        NOT NULL,
    last_seen_at_ms BIGINT        NOT NULL,
    expires_at_ms   BIGINT        NOT NULL
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC

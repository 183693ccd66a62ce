-- Who has signed in, and other things that end by themselves. Of a token only its digest is kept, in hex.
CREATE TABLE IF NOT EXISTS sessions (
    token_digest    TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    purpose         TEXT COLLATE "C" NOT NULL,
    data            TEXT   NOT NULL,
    started_at_ms   BIGINT NOT NULL,
    last_seen_at_ms BIGINT NOT NULL,
    expires_at_ms   BIGINT NOT NULL
)

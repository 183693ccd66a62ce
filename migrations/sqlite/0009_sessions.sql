-- Who has signed in, and other things that end by themselves. Of a token only its digest is kept, in hex.
CREATE TABLE IF NOT EXISTS sessions (
    token_digest    TEXT    NOT NULL PRIMARY KEY,
    purpose         TEXT    NOT NULL,
    data            TEXT    NOT NULL,
    started_at_ms   INTEGER NOT NULL,
    last_seen_at_ms INTEGER NOT NULL,
    expires_at_ms   INTEGER NOT NULL
) STRICT, WITHOUT ROWID

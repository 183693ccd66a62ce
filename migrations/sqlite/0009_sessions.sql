-- Who has signed in, and other things that end by themselves. Of a token only its digest is kept, in hex.
CREATE TABLE IF NOT EXISTS sessions (
    digest   TEXT    NOT NULL PRIMARY KEY,
    purpose  TEXT    NOT NULL,
    data     TEXT    NOT NULL,
    began_ms INTEGER NOT NULL,
    seen_ms  INTEGER NOT NULL,
    until_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID

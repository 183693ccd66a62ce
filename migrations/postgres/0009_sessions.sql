-- Who has signed in, and other things that end by themselves. Of a token only its digest is kept, in hex.
CREATE TABLE IF NOT EXISTS sessions (
    digest   TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    purpose  TEXT COLLATE "C" NOT NULL,
    data     TEXT   NOT NULL,
    began_ms BIGINT NOT NULL,
    seen_ms  BIGINT NOT NULL,
    until_ms BIGINT NOT NULL
)

-- What ran: one row per run, with its report (JSON), or the error it ended with and what that was about in one word.
CREATE TABLE IF NOT EXISTS runs (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    connection    TEXT    NOT NULL,
    job           TEXT    NOT NULL,
    started_at_ms INTEGER NOT NULL,
    duration_ms   INTEGER NOT NULL CHECK (duration_ms >= 0),
    report        TEXT,
    error         TEXT,
    blocker       TEXT
) STRICT

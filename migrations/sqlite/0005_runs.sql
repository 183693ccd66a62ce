-- What ran: one row per run, with its report (JSON) or the error it ended with.
CREATE TABLE IF NOT EXISTS runs (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    connection TEXT    NOT NULL,
    job        TEXT    NOT NULL,
    started_ms INTEGER NOT NULL,
    took_ms    INTEGER NOT NULL CHECK (took_ms >= 0),
    report     TEXT,
    error      TEXT
) STRICT

-- Jobs that met a held connection; whoever holds it runs them before letting go.
CREATE TABLE IF NOT EXISTS due_jobs (
    connection  TEXT    NOT NULL,
    job         TEXT    NOT NULL,
    noted_at_ms INTEGER NOT NULL,
    PRIMARY KEY (connection, job)
) STRICT, WITHOUT ROWID

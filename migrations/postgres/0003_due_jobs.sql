-- Jobs that met a held connection; whoever holds it runs them before letting go.
CREATE TABLE IF NOT EXISTS due_jobs (
    connection  TEXT COLLATE "C" NOT NULL,
    job         TEXT COLLATE "C" NOT NULL,
    noted_at_ms BIGINT NOT NULL,
    PRIMARY KEY (connection, job)
)

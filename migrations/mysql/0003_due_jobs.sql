-- Jobs that met a held connection; whoever holds it runs them before letting go.
CREATE TABLE IF NOT EXISTS due_jobs (
    connection  VARBINARY(255) NOT NULL,
    job         VARBINARY(64)  NOT NULL,
    noted_at_ms BIGINT         NOT NULL,
    PRIMARY KEY (connection, job)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC

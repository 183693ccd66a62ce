-- For the latest run of a job: ... WHERE connection = ? AND job = ? ORDER BY started_at_ms DESC, id DESC LIMIT 1.
CREATE INDEX IF NOT EXISTS runs_by_job ON runs (connection, job, started_at_ms)

-- For the latest run of a job: ... WHERE connection = ? AND job = ? ORDER BY started_ms DESC, id DESC LIMIT 1.
CREATE INDEX runs_of_jobs ON runs (connection, job, started_ms)

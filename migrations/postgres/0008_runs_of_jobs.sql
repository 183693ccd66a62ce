-- For the latest run of a job: ... WHERE connection = ? AND job = ? ORDER BY started_ms DESC, id DESC LIMIT 1.
-- With `id`, which other databases add by themselves: else all runs of the job would be sorted.
CREATE INDEX runs_of_jobs ON runs (connection, job, started_ms, id)

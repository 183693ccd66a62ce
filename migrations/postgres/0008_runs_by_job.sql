-- For the latest run of a job: ... WHERE connection = ? AND job = ? ORDER BY started_at_ms DESC, id DESC LIMIT 1.
-- With `id`, which other databases add by themselves: else all runs of the job would be sorted.
CREATE INDEX runs_by_job ON runs (connection, job, started_at_ms, id)

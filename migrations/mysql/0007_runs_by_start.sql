-- For the last runs of a connection: ... WHERE connection = ? ORDER BY started_at_ms DESC LIMIT n.
CREATE INDEX runs_by_start ON runs (connection, started_at_ms)

-- For the last runs of a connection: ... WHERE connection = ? ORDER BY started_ms DESC LIMIT n.
CREATE INDEX runs_started ON runs (connection, started_ms)

-- When each job of a connection is due: hosts that share the database run it once a period, not once each.
CREATE TABLE IF NOT EXISTS schedule (
    connection TEXT    NOT NULL,
    job        TEXT    NOT NULL,
    due_at_ms  INTEGER NOT NULL,
    PRIMARY KEY (connection, job)
) STRICT, WITHOUT ROWID

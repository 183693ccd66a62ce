-- When each job of a connection is due: hosts that share the database run it once a period, not once each.
CREATE TABLE IF NOT EXISTS schedule (
    connection TEXT COLLATE "C" NOT NULL,
    job        TEXT COLLATE "C" NOT NULL,
    due_at_ms  BIGINT NOT NULL,
    PRIMARY KEY (connection, job)
)

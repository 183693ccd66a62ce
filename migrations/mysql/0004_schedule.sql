-- When each job of a connection is due: hosts that share the database run it once a period, not once each.
CREATE TABLE IF NOT EXISTS schedule (
    connection VARBINARY(255) NOT NULL,
    job        VARBINARY(64)  NOT NULL,
    due_at_ms  BIGINT         NOT NULL,
    PRIMARY KEY (connection, job)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC

-- What people did in the console and from the terminal. Rows are added, never changed, and go after 400 days.
CREATE TABLE IF NOT EXISTS audit_events (
    id      BIGINT   NOT NULL AUTO_INCREMENT PRIMARY KEY,
    actor   LONGTEXT CHARACTER SET utf8mb4 NOT NULL,
    action  LONGTEXT CHARACTER SET utf8mb4 NOT NULL,
    subject LONGTEXT CHARACTER SET utf8mb4 NOT NULL,
    at_ms   BIGINT   NOT NULL
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC

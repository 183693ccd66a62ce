-- What ran: one row per run, with its report (JSON), or the error it ended with and what that was about in one word.
CREATE TABLE IF NOT EXISTS runs (
    id            BIGINT         NOT NULL AUTO_INCREMENT PRIMARY KEY,
    connection    VARBINARY(255) NOT NULL,
    job           VARBINARY(64)  NOT NULL,
    started_at_ms BIGINT         NOT NULL,
    duration_ms   BIGINT         NOT NULL CHECK (duration_ms >= 0),
    report        LONGTEXT       CHARACTER SET utf8mb4,
    error         LONGTEXT       CHARACTER SET utf8mb4,
    blocker       VARCHAR(64)    CHARACTER SET utf8mb4
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC

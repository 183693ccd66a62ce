-- The passwords of the console, as PHC strings of argon2id.
CREATE TABLE IF NOT EXISTS passwords (
    name          VARBINARY(255)  NOT NULL PRIMARY KEY,
    phc           VARBINARY(1024) NOT NULL,
    changed_at_ms BIGINT          NOT NULL
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC

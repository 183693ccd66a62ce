-- The tables as unreleased versions made them, up to 0.1.0. Their record of migrations came first.
CREATE TABLE schema_migrations (
    name VARBINARY(255) NOT NULL PRIMARY KEY, applied_at BIGINT NOT NULL
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

-- 0001_kv
CREATE TABLE kv (
    scope      VARBINARY(64)   NOT NULL,
    `key`      VARBINARY(1024) NOT NULL,
    value      LONGBLOB        NOT NULL,
    version    BIGINT          NOT NULL CHECK (version > 0),
    updated_at BIGINT          NOT NULL,
    PRIMARY KEY (scope, `key`)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

-- 0002_leases
CREATE TABLE leases (
    connection VARBINARY(255)  NOT NULL PRIMARY KEY,
    epoch      BIGINT          NOT NULL CHECK (epoch >= 0),
    holder     VARBINARY(1024) NOT NULL,
    until_ms   BIGINT          NOT NULL
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

-- 0003_due_jobs
CREATE TABLE due_jobs (
    connection VARBINARY(255) NOT NULL,
    job        VARBINARY(64)  NOT NULL,
    since_ms   BIGINT         NOT NULL,
    PRIMARY KEY (connection, job)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

-- 0004_tickets
CREATE TABLE tickets (
    account    VARBINARY(512) NOT NULL,
    slot       BIGINT         NOT NULL CHECK (slot >= 0),
    free_at_ms BIGINT         NOT NULL,
    uses       BIGINT         NOT NULL,
    PRIMARY KEY (account, slot)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

-- 0005_runs
CREATE TABLE runs (
    id         BIGINT         NOT NULL AUTO_INCREMENT PRIMARY KEY,
    connection VARBINARY(255) NOT NULL,
    job        VARBINARY(64)  NOT NULL,
    started_ms BIGINT         NOT NULL,
    took_ms    BIGINT         NOT NULL CHECK (took_ms >= 0),
    report     LONGTEXT       CHARACTER SET utf8mb4,
    error      LONGTEXT       CHARACTER SET utf8mb4
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

-- 0006_runs_started
CREATE INDEX runs_started ON runs (connection, started_ms);

-- 0007_schedule
CREATE TABLE schedule (
    connection VARBINARY(255) NOT NULL,
    job        VARBINARY(64)  NOT NULL,
    due_ms     BIGINT         NOT NULL,
    PRIMARY KEY (connection, job)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

-- 0008_runs_of_jobs
CREATE INDEX runs_of_jobs ON runs (connection, job, started_ms);

-- 0009_sessions
CREATE TABLE sessions (
    digest   VARBINARY(64) NOT NULL PRIMARY KEY,
    purpose  VARBINARY(64) NOT NULL,
    data     LONGTEXT      CHARACTER SET utf8mb4 NOT NULL,
    began_ms BIGINT        NOT NULL,
    seen_ms  BIGINT        NOT NULL,
    until_ms BIGINT        NOT NULL
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

-- 0010_passwords
CREATE TABLE passwords (
    name       VARBINARY(255)  NOT NULL PRIMARY KEY,
    phc        VARBINARY(1024) NOT NULL,
    changed_ms BIGINT          NOT NULL
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

-- 0011_attempts
CREATE TABLE attempts (
    network       VARBINARY(255) NOT NULL PRIMARY KEY,
    busy_until_ms BIGINT         NOT NULL
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

-- 0012_acts
CREATE TABLE acts (
    id      BIGINT   NOT NULL AUTO_INCREMENT PRIMARY KEY,
    who     LONGTEXT CHARACTER SET utf8mb4 NOT NULL,
    act     LONGTEXT CHARACTER SET utf8mb4 NOT NULL,
    subject LONGTEXT CHARACTER SET utf8mb4 NOT NULL,
    at_ms   BIGINT   NOT NULL
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC

-- The tables as unreleased versions made them, up to 0.1.0. Their record of migrations came first.
CREATE TABLE schema_migrations (
    name TEXT COLLATE "C" NOT NULL PRIMARY KEY, applied_at BIGINT NOT NULL
);

-- 0001_kv
CREATE TABLE kv (
    scope      TEXT COLLATE "C" NOT NULL,
    key        TEXT COLLATE "C" NOT NULL,
    value      BYTEA  NOT NULL,
    version    BIGINT NOT NULL CHECK (version > 0),
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (scope, key)
);

-- 0002_leases
CREATE TABLE leases (
    connection TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    epoch      BIGINT NOT NULL CHECK (epoch >= 0),
    holder     TEXT   NOT NULL,
    until_ms   BIGINT NOT NULL
);

-- 0003_due_jobs
CREATE TABLE due_jobs (
    connection TEXT COLLATE "C" NOT NULL,
    job        TEXT COLLATE "C" NOT NULL,
    since_ms   BIGINT NOT NULL,
    PRIMARY KEY (connection, job)
);

-- 0004_tickets
CREATE TABLE tickets (
    account    TEXT COLLATE "C" NOT NULL,
    slot       BIGINT NOT NULL CHECK (slot >= 0),
    free_at_ms BIGINT NOT NULL,
    uses       BIGINT NOT NULL,
    PRIMARY KEY (account, slot)
) WITH (fillfactor = 10);

-- 0005_runs
CREATE TABLE runs (
    id         BIGSERIAL PRIMARY KEY,
    connection TEXT COLLATE "C" NOT NULL,
    job        TEXT COLLATE "C" NOT NULL,
    started_ms BIGINT NOT NULL,
    took_ms    BIGINT NOT NULL CHECK (took_ms >= 0),
    report     TEXT,
    error      TEXT
);

-- 0006_runs_started
CREATE INDEX runs_started ON runs (connection, started_ms);

-- 0007_schedule
CREATE TABLE schedule (
    connection TEXT COLLATE "C" NOT NULL,
    job        TEXT COLLATE "C" NOT NULL,
    due_ms     BIGINT NOT NULL,
    PRIMARY KEY (connection, job)
);

-- 0008_runs_of_jobs
CREATE INDEX runs_of_jobs ON runs (connection, job, started_ms, id);

-- 0009_sessions
CREATE TABLE sessions (
    digest   TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    purpose  TEXT COLLATE "C" NOT NULL,
    data     TEXT   NOT NULL,
    began_ms BIGINT NOT NULL,
    seen_ms  BIGINT NOT NULL,
    until_ms BIGINT NOT NULL
);

-- 0010_passwords
CREATE TABLE passwords (
    name       TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    phc        TEXT   NOT NULL,
    changed_ms BIGINT NOT NULL
);

-- 0011_attempts
CREATE TABLE attempts (
    network       TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    busy_until_ms BIGINT NOT NULL
);

-- 0012_acts
CREATE TABLE acts (
    id      BIGSERIAL PRIMARY KEY,
    who     TEXT   NOT NULL,
    act     TEXT   NOT NULL,
    subject TEXT   NOT NULL,
    at_ms   BIGINT NOT NULL
)

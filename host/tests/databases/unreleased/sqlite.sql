-- The tables as unreleased versions made them, up to 0.1.0. Their record of migrations came first.
CREATE TABLE schema_migrations (
    name TEXT NOT NULL PRIMARY KEY, applied_at INTEGER NOT NULL
) STRICT;

-- 0001_kv
CREATE TABLE kv (
    scope      TEXT    NOT NULL,
    key        TEXT    NOT NULL,
    value      BLOB    NOT NULL,
    version    INTEGER NOT NULL CHECK (version > 0),
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (scope, key)
) STRICT;

-- 0002_leases
CREATE TABLE leases (
    connection TEXT    NOT NULL PRIMARY KEY,
    epoch      INTEGER NOT NULL CHECK (epoch >= 0),
    holder     TEXT    NOT NULL,
    until_ms   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- 0003_due_jobs
CREATE TABLE due_jobs (
    connection TEXT    NOT NULL,
    job        TEXT    NOT NULL,
    since_ms   INTEGER NOT NULL,
    PRIMARY KEY (connection, job)
) STRICT, WITHOUT ROWID;

-- 0004_tickets
CREATE TABLE tickets (
    account    TEXT    NOT NULL,
    slot       INTEGER NOT NULL CHECK (slot >= 0),
    free_at_ms INTEGER NOT NULL,
    uses       INTEGER NOT NULL,
    PRIMARY KEY (account, slot)
) STRICT, WITHOUT ROWID;

-- 0005_runs
CREATE TABLE runs (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    connection TEXT    NOT NULL,
    job        TEXT    NOT NULL,
    started_ms INTEGER NOT NULL,
    took_ms    INTEGER NOT NULL CHECK (took_ms >= 0),
    report     TEXT,
    error      TEXT
) STRICT;

-- 0006_runs_started
CREATE INDEX runs_started ON runs (connection, started_ms);

-- 0007_schedule
CREATE TABLE schedule (
    connection TEXT    NOT NULL,
    job        TEXT    NOT NULL,
    due_ms     INTEGER NOT NULL,
    PRIMARY KEY (connection, job)
) STRICT, WITHOUT ROWID;

-- 0008_runs_of_jobs
CREATE INDEX runs_of_jobs ON runs (connection, job, started_ms);

-- 0009_sessions
CREATE TABLE sessions (
    digest   TEXT    NOT NULL PRIMARY KEY,
    purpose  TEXT    NOT NULL,
    data     TEXT    NOT NULL,
    began_ms INTEGER NOT NULL,
    seen_ms  INTEGER NOT NULL,
    until_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- 0010_passwords
CREATE TABLE passwords (
    name       TEXT    NOT NULL PRIMARY KEY,
    phc        TEXT    NOT NULL,
    changed_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- 0011_attempts
CREATE TABLE attempts (
    network       TEXT    NOT NULL PRIMARY KEY,
    busy_until_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- 0012_acts
CREATE TABLE acts (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    who     TEXT    NOT NULL,
    act     TEXT    NOT NULL,
    subject TEXT    NOT NULL,
    at_ms   INTEGER NOT NULL
) STRICT

-- The passwords of the console, as PHC strings of argon2id.
CREATE TABLE IF NOT EXISTS passwords (
    name          TEXT    NOT NULL PRIMARY KEY,
    phc           TEXT    NOT NULL,
    changed_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID

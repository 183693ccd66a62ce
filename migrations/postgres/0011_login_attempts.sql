-- Who tried to sign in lately: until `busy_until_ms` the tries of a network are worked off, one after the other.
CREATE TABLE IF NOT EXISTS login_attempts (
    network       TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    busy_until_ms BIGINT NOT NULL
)

-- The key-value store of the component: one row per (bucket, key).
-- Read by (scope, key) only: `get-many`, `swap`, and listing in key order.
CREATE TABLE IF NOT EXISTS kv (
    scope         TEXT    NOT NULL,
    key           TEXT    NOT NULL,
    value         BLOB    NOT NULL,
    version       INTEGER NOT NULL CHECK (version > 0),
    updated_at_ms INTEGER NOT NULL,
    PRIMARY KEY (scope, key)
) STRICT

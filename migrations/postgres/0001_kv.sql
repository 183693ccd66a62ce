-- The key-value store of the component: one row per (bucket, key).
-- Read by (scope, key) only: `get-many`, `swap`, and listing in key order, which is the order of bytes.
CREATE TABLE IF NOT EXISTS kv (
    scope         TEXT COLLATE "C" NOT NULL,
    key           TEXT COLLATE "C" NOT NULL,
    value         BYTEA  NOT NULL,
    version       BIGINT NOT NULL CHECK (version > 0),
    updated_at_ms BIGINT NOT NULL,
    PRIMARY KEY (scope, key)
)

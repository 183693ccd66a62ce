-- The key-value store of the component: one row per (bucket, key).
-- Read by (scope, key) only: `get-many`, `swap`, and listing in key order, which is the order of bytes.
-- Keys are bytes: texts would be compared without regard to case or to spaces at their end.
CREATE TABLE IF NOT EXISTS kv (
    scope         VARBINARY(64)   NOT NULL,
    `key`         VARBINARY(1024) NOT NULL,
    value         LONGBLOB        NOT NULL,
    version       BIGINT          NOT NULL CHECK (version > 0),
    updated_at_ms BIGINT          NOT NULL,
    PRIMARY KEY (scope, `key`)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC

-- What people did in the console and from the terminal. Rows are added, never changed, and go after 400 days.
CREATE TABLE IF NOT EXISTS audit_events (
    id      BIGSERIAL PRIMARY KEY,
    actor   TEXT   NOT NULL,
    action  TEXT   NOT NULL,
    subject TEXT   NOT NULL,
    at_ms   BIGINT NOT NULL
)

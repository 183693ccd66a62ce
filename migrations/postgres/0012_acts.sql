-- What people did in the console and from the terminal. Rows are added, never changed, and go after 400 days.
CREATE TABLE IF NOT EXISTS acts (
    id      BIGSERIAL PRIMARY KEY,
    who     TEXT   NOT NULL,
    act     TEXT   NOT NULL,
    subject TEXT   NOT NULL,
    at_ms   BIGINT NOT NULL
)

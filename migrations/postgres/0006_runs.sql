-- What ran: one row per run, with its report (JSON), or the error it ended with and what that was about in one word.
CREATE TABLE IF NOT EXISTS runs (
    id            BIGSERIAL PRIMARY KEY,
    connection    TEXT COLLATE "C" NOT NULL,
    job           TEXT COLLATE "C" NOT NULL,
    started_at_ms BIGINT NOT NULL,
    duration_ms   BIGINT NOT NULL CHECK (duration_ms >= 0),
    report        TEXT,
    error         TEXT,
    blocker       TEXT
)

-- How often something was tried in a window of time, shared by all nodes. `key` is a digest: a row names nobody.
CREATE TABLE counters (
    key TEXT PRIMARY KEY,
    window_start BIGINT NOT NULL,
    amount BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX counters_expiry ON counters (expires_at);

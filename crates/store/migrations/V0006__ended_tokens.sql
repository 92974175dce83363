-- JWT access tokens that were ended alone, by their `jti`, until they would have expired anyway. `expires_at` is in unix milliseconds.
CREATE TABLE ended_tokens (
    jti TEXT PRIMARY KEY,
    client_id TEXT NOT NULL,
    ended_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX ended_tokens_expiry ON ended_tokens (expires_at);

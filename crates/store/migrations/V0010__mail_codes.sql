-- One-time codes sent by mail. `key` is a digest of what the code is for and of whom, so a row names nobody and a newer code takes the
-- place of an older one; `digest` is keyed, because six digits are guessed in no time by whoever may try them all.
CREATE TABLE mail_codes (
    key TEXT PRIMARY KEY,
    id TEXT NOT NULL,
    digest BYTEA NOT NULL,
    tries BIGINT NOT NULL DEFAULT 0,
    expires_at BIGINT NOT NULL
);
CREATE INDEX mail_codes_expiry ON mail_codes (expires_at);

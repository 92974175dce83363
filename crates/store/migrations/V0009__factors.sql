-- What a person can prove beside a password. A row counts from `confirmed_at` on; `sealed` holds what only the server may read, such as a
-- TOTP secret; `last_step` is the last time step (RFC 6238) whose code was accepted, so that no code works twice.
CREATE TABLE factors (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    sealed BYTEA,
    last_step BIGINT NOT NULL DEFAULT -1,
    created_at BIGINT NOT NULL,
    confirmed_at BIGINT,
    last_used_at BIGINT
);
CREATE INDEX factors_user ON factors (user_id, created_at);

-- Recovery codes, hashed. `factor_id` is the row of kind `recovery-code` they belong to.
CREATE TABLE recovery_codes (
    factor_id TEXT NOT NULL REFERENCES factors (id) ON DELETE CASCADE,
    hash BYTEA NOT NULL,
    used_at BIGINT,
    PRIMARY KEY (factor_id, hash)
);

-- Passkeys. `id` is the credential id in base64url, `credential` the library's own record of it in JSON.
CREATE TABLE passkeys (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    credential TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT
);
CREATE INDEX passkeys_user ON passkeys (user_id, created_at);

-- The handle by which authenticators know a person; it says nothing about them (WebAuthn level 2, section 14.6.1).
CREATE TABLE passkey_handles (
    handle TEXT PRIMARY KEY,
    user_id TEXT NOT NULL UNIQUE REFERENCES users (id) ON DELETE CASCADE
);

-- Browsers in which a person signed in. `hash` is of the browser's own cookie. Until `remembered_until` no second factor is asked there.
CREATE TABLE browsers (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    hash BYTEA NOT NULL,
    first_seen BIGINT NOT NULL,
    last_seen BIGINT NOT NULL,
    ip TEXT NOT NULL,
    country TEXT,
    user_agent TEXT NOT NULL,
    remembered_until BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (user_id, hash)
);
CREATE INDEX browsers_seen ON browsers (last_seen);

-- How the last login of a session looked, and why.
ALTER TABLE sessions ADD COLUMN risk TEXT NOT NULL DEFAULT 'low';
ALTER TABLE sessions ADD COLUMN risk_reasons TEXT NOT NULL DEFAULT '';

-- When the users of a client prove a second factor; the issuer's policy where it is NULL.
ALTER TABLE clients ADD COLUMN mfa TEXT;

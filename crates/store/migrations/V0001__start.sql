-- Times are unix milliseconds, except `*nbf`, `last_iat` and `last_exp`, which are unix seconds because they are compared with JWT claims.

-- Small named values of this deployment: the wrapped data key's id, the schema's birth.
CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

-- One row. Its epoch is part of every session, code and grant, so raising it ends them all.
CREATE TABLE issuer (
    id BIGINT PRIMARY KEY,
    epoch BIGINT NOT NULL,
    nbf BIGINT NOT NULL,
    max_lifetime BIGINT NOT NULL
);
INSERT INTO issuer (id, epoch, nbf, max_lifetime) VALUES (1, 0, 0, 86400);

CREATE TABLE signing_keys (
    kid TEXT PRIMARY KEY,
    alg TEXT NOT NULL,
    state TEXT NOT NULL,
    sealed BYTEA NOT NULL,
    jwk TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    state_since BIGINT NOT NULL
);
CREATE INDEX signing_keys_state ON signing_keys (state, created_at);

CREATE TABLE users (
    id TEXT PRIMARY KEY,
    email TEXT NOT NULL,
    email_folded TEXT NOT NULL UNIQUE,
    email_verified BOOLEAN NOT NULL,
    name TEXT NOT NULL,
    nickname TEXT,
    given_name TEXT,
    family_name TEXT,
    picture TEXT,
    password_hash TEXT,
    blocked BOOLEAN NOT NULL,
    epoch BIGINT NOT NULL,
    nbf BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    last_login_at BIGINT
);

CREATE TABLE clients (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    auth_method TEXT NOT NULL,
    secret BYTEA,
    jwks TEXT,
    callbacks TEXT NOT NULL,
    logout_urls TEXT NOT NULL,
    web_origins TEXT NOT NULL,
    grant_types TEXT NOT NULL,
    first_party BOOLEAN NOT NULL,
    enabled BOOLEAN NOT NULL,
    rotating BOOLEAN NOT NULL,
    refresh_leeway BIGINT NOT NULL,
    refresh_lifetime BIGINT NOT NULL,
    refresh_idle BIGINT NOT NULL,
    id_token_lifetime BIGINT NOT NULL,
    epoch BIGINT NOT NULL,
    nbf BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

-- The APIs (resource servers) access tokens are for.
CREATE TABLE apis (
    id TEXT PRIMARY KEY,
    identifier TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    scopes TEXT NOT NULL,
    token_lifetime BIGINT NOT NULL,
    dialect TEXT NOT NULL,
    signing_alg TEXT NOT NULL,
    allow_offline BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

-- What a client may ask for in its own name (client credentials). `id` is the `gid` of its tokens.
CREATE TABLE client_grants (
    id TEXT PRIMARY KEY,
    client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    audience TEXT NOT NULL,
    scope TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (client_id, audience)
);

CREATE TABLE sessions (
    id TEXT PRIMARY KEY,
    secret_hash BYTEA NOT NULL UNIQUE,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    user_epoch BIGINT NOT NULL,
    issuer_epoch BIGINT NOT NULL,
    amr TEXT NOT NULL,
    auth_time BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    last_seen BIGINT NOT NULL,
    idle_expires_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    last_iat BIGINT NOT NULL,
    last_exp BIGINT NOT NULL,
    ended_at BIGINT,
    ip TEXT NOT NULL,
    user_agent TEXT NOT NULL
);
CREATE INDEX sessions_user ON sessions (user_id, created_at);
CREATE INDEX sessions_expiry ON sessions (expires_at);

-- Browser journeys that were used up: a row makes resuming single-use.
CREATE TABLE used_flows (
    id TEXT PRIMARY KEY,
    expires_at BIGINT NOT NULL
);
CREATE INDEX used_flows_expiry ON used_flows (expires_at);

-- `jti` of client assertions already accepted.
CREATE TABLE used_assertions (
    client_id TEXT NOT NULL,
    jti TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (client_id, jti)
);
CREATE INDEX used_assertions_expiry ON used_assertions (expires_at);

CREATE TABLE codes (
    hash BYTEA PRIMARY KEY,
    gid TEXT NOT NULL UNIQUE,
    client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    session_id TEXT NOT NULL,
    user_epoch BIGINT NOT NULL,
    client_epoch BIGINT NOT NULL,
    issuer_epoch BIGINT NOT NULL,
    redirect_uri TEXT NOT NULL,
    scope TEXT NOT NULL,
    audience TEXT,
    nonce TEXT,
    acr TEXT,
    challenge TEXT,
    auth_time BIGINT NOT NULL,
    auth_time_asked BOOLEAN NOT NULL,
    amr TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);
CREATE INDEX codes_expiry ON codes (expires_at);
-- Deleting a user or a client must not read every code.
CREATE INDEX codes_user ON codes (user_id);
CREATE INDEX codes_client ON codes (client_id);

-- A family is what one redeemed code grew into: every token with its `gid`. It holds a refresh token only when `tip_hash` is set.
CREATE TABLE families (
    gid TEXT PRIMARY KEY,
    handle_hash BYTEA UNIQUE,
    client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    session_id TEXT,
    user_epoch BIGINT NOT NULL,
    client_epoch BIGINT NOT NULL,
    issuer_epoch BIGINT NOT NULL,
    scope TEXT NOT NULL,
    audience TEXT,
    acr TEXT,
    auth_time BIGINT NOT NULL,
    amr TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    idle_expires_at BIGINT NOT NULL,
    generation BIGINT NOT NULL,
    tip_hash BYTEA,
    previous_hash BYTEA,
    rotated_at BIGINT,
    sealed_child BYTEA,
    repeats BIGINT NOT NULL,
    last_iat BIGINT NOT NULL,
    last_exp BIGINT NOT NULL,
    ended_at BIGINT,
    end_reason TEXT
);
CREATE INDEX families_session ON families (session_id);
CREATE INDEX families_user ON families (user_id, created_at);
CREATE INDEX families_client ON families (client_id);
CREATE INDEX families_expiry ON families (expires_at);
CREATE INDEX families_sealed_child ON families (rotated_at) WHERE sealed_child IS NOT NULL;

-- Access tokens that are not JWTs: no API audience, usable only at our own endpoints.
CREATE TABLE opaque_tokens (
    hash BYTEA PRIMARY KEY,
    gid TEXT NOT NULL,
    client_id TEXT NOT NULL,
    user_id TEXT,
    session_id TEXT,
    scope TEXT NOT NULL,
    issued_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    ended_at BIGINT
);
CREATE INDEX opaque_tokens_gid ON opaque_tokens (gid);
CREATE INDEX opaque_tokens_expiry ON opaque_tokens (expires_at);

CREATE TABLE consents (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    audience TEXT NOT NULL,
    scope TEXT NOT NULL,
    granted_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, client_id, audience)
);
CREATE INDEX consents_client ON consents (client_id);

CREATE TABLE audit (
    id TEXT PRIMARY KEY,
    at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    user_id TEXT,
    client_id TEXT,
    session_id TEXT,
    ip TEXT NOT NULL,
    user_agent TEXT NOT NULL,
    detail TEXT NOT NULL
);
CREATE INDEX audit_at ON audit (at);
CREATE INDEX audit_user ON audit (user_id, at);

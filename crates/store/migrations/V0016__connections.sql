-- Providers people sign in at. `settings` is JSON; the secret is ours there, sealed.
CREATE TABLE connections (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    strategy TEXT NOT NULL,
    enabled BOOLEAN NOT NULL,
    client_id TEXT NOT NULL,
    sealed_secret BYTEA NOT NULL,
    settings TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

-- Who somebody is at a provider. `provider` is the part of an id before the subject: `google-oauth2`, `oidc|name`.
-- `profile` is what the provider last said, as JSON. Its tokens are kept only where the connection says so.
CREATE TABLE identities (
    provider TEXT NOT NULL,
    subject TEXT NOT NULL,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    connection_id TEXT NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    profile TEXT NOT NULL,
    sealed_tokens BYTEA,
    tokens_expire_at BIGINT,
    linked_at BIGINT NOT NULL,
    last_used_at BIGINT,
    PRIMARY KEY (provider, subject)
);
CREATE INDEX identities_user ON identities (user_id, linked_at);
CREATE INDEX identities_connection ON identities (connection_id);
CREATE INDEX identities_tokens ON identities (tokens_expire_at);

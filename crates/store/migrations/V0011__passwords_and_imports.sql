-- Hashes of passwords that a person had before the present one, kept only as far as the operator wants no password to come again.
CREATE TABLE password_history (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    replaced_at BIGINT NOT NULL,
    hash TEXT NOT NULL,
    PRIMARY KEY (user_id, replaced_at)
);

-- How far an import of users has come, written with each batch, so that an interrupted one goes on where it stopped. `id` is a digest of
-- the file; `position` is in bytes.
CREATE TABLE imports (
    id TEXT PRIMARY KEY,
    position BIGINT NOT NULL,
    line BIGINT NOT NULL,
    added BIGINT NOT NULL,
    filled BIGINT NOT NULL,
    known BIGINT NOT NULL,
    refused BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

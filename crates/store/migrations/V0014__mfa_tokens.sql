-- Tokens of the MFA API that were used up, until they would have expired.
CREATE TABLE used_mfa_tokens (
    id TEXT PRIMARY KEY,
    expires_at BIGINT NOT NULL
);
CREATE INDEX used_mfa_tokens_expires ON used_mfa_tokens (expires_at);

-- What was taken back, in the order of its commits (docs/revocation.md). `nbf` and `exp` are unix seconds, like the claims they are
-- compared with; `at`, `started_at` and `seen_at` are unix milliseconds.

-- One row. Its lock is what gives records their order: whoever has counted `head` up commits before the next one may.
CREATE TABLE feed (
    id BIGINT PRIMARY KEY,
    -- Empty until the first start.
    feed_id TEXT NOT NULL,
    head BIGINT NOT NULL,
    -- Records up to here may have been swept; from here on none is missing.
    kept_from BIGINT NOT NULL,
    -- Sealed; NULL until the first start.
    hash_key BYTEA,
    -- Counts edits of what nodes keep in memory (clients, APIs, keys).
    changes BIGINT NOT NULL
);
INSERT INTO feed (id, feed_id, head, kept_from, hash_key, changes) VALUES (1, '', 0, 0, NULL, 0);

CREATE TABLE revocations (
    seq BIGINT PRIMARY KEY,
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    nbf BIGINT NOT NULL,
    exp BIGINT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX revocations_exp ON revocations (exp);

-- Nodes that run, and what each knows of the verifiers that listen to it.
CREATE TABLE nodes (
    id TEXT PRIMARY KEY,
    started_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    streams TEXT NOT NULL
);
CREATE INDEX nodes_seen ON nodes (seen_at);

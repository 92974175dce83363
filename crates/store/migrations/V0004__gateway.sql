-- Applications behind the gateway. `host` is what a Host header says of one; the client is what the gateway is for it.
CREATE TABLE gateway_apps (
    host TEXT PRIMARY KEY,
    origin TEXT NOT NULL,
    client_id TEXT NOT NULL UNIQUE REFERENCES clients (id) ON DELETE CASCADE,
    audience TEXT NOT NULL,
    scope TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

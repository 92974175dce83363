-- Work that a feature leaves behind in its own transaction and a node does later. `run_at` is when it is due; a node that takes it moves
-- `run_at` to the end of its lease, so work that was dropped half-way is due again by itself. `sealed` is what the payload must not show.
CREATE TABLE jobs (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    payload TEXT NOT NULL,
    sealed BYTEA,
    created_at BIGINT NOT NULL,
    run_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    lease TEXT,
    finished_at BIGINT,
    outcome TEXT,
    note TEXT
);
CREATE INDEX jobs_due ON jobs (kind, run_at, id) WHERE finished_at IS NULL;
CREATE INDEX jobs_finished ON jobs (finished_at) WHERE finished_at IS NOT NULL;
CREATE INDEX jobs_sealed ON jobs (id) WHERE sealed IS NOT NULL;

-- Which clients signed a person in within a session: whom its end is told.
CREATE TABLE session_clients (
    session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    since BIGINT NOT NULL,
    PRIMARY KEY (session_id, client_id)
);
CREATE INDEX session_clients_client ON session_clients (client_id);

ALTER TABLE clients ADD COLUMN backchannel_logout_urls TEXT NOT NULL DEFAULT '[]';
ALTER TABLE clients ADD COLUMN backchannel_logout_session_required BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE clients ADD COLUMN frontchannel_logout_url TEXT;
ALTER TABLE clients ADD COLUMN frontchannel_logout_session_required BOOLEAN NOT NULL DEFAULT FALSE;

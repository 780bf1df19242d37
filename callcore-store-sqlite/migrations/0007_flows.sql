CREATE TABLE flows (
    tenant_id  BLOB NOT NULL,
    id         BLOB NOT NULL,
    version    INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    document   TEXT NOT NULL,
    PRIMARY KEY (tenant_id, id)
) STRICT;
CREATE INDEX flows_newest ON flows (tenant_id, created_at DESC, id DESC);

CREATE TABLE flow_templates (
    tenant_id  BLOB NOT NULL,
    id         BLOB NOT NULL,
    version    INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    document   TEXT NOT NULL,
    PRIMARY KEY (tenant_id, id)
) STRICT;
CREATE INDEX flow_templates_newest ON flow_templates (tenant_id, created_at DESC, id DESC);

-- No foreign key to flows: a version outlives its draft, for the calls that are pinned to it.
CREATE TABLE flow_versions (
    tenant_id    BLOB NOT NULL,
    flow_id      BLOB NOT NULL,
    number       INTEGER NOT NULL,
    -- The version of the draft that was published.
    draft        INTEGER NOT NULL,
    published_at INTEGER NOT NULL,
    document     TEXT NOT NULL,
    PRIMARY KEY (tenant_id, flow_id, number)
) STRICT;

-- Without a foreign key, which SQLite cannot add over two columns; there is one writer, and it looks before it writes.
-- There were no flows before, so no campaign that is there names one that exists, and no call ran one.
ALTER TABLE campaigns ADD COLUMN flow_id BLOB;
CREATE INDEX campaigns_by_flow ON campaigns (tenant_id, flow_id) WHERE flow_id IS NOT NULL;

ALTER TABLE calls ADD COLUMN flow_id BLOB;
CREATE INDEX calls_in_flows ON calls (tenant_id, started_at DESC, id DESC) WHERE flow_id IS NOT NULL;
CREATE INDEX calls_by_flow ON calls (tenant_id, flow_id, started_at DESC, id DESC) WHERE flow_id IS NOT NULL;

-- What waits to be sent to others, and what came of it.
CREATE TABLE outbox (
    tenant_id  BLOB NOT NULL,
    id         BLOB NOT NULL,
    call_id    BLOB NOT NULL,
    -- The order inside the call, from 1.
    position   INTEGER NOT NULL,
    status     TEXT NOT NULL,
    attempts   INTEGER NOT NULL,
    -- When it is tried next, if it waits; after a claim, when it is tried again if nobody tells what came of it.
    due_at     INTEGER NOT NULL,
    reason     TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    document   TEXT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, call_id, position),
    FOREIGN KEY (tenant_id, call_id) REFERENCES calls (tenant_id, id)
) STRICT;
CREATE INDEX outbox_due ON outbox (due_at) WHERE status = 'waiting';

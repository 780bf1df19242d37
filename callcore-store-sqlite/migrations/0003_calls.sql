CREATE TABLE calls (
    tenant_id   BLOB NOT NULL,
    -- Unique over all tenants: a call is one tenant's for ever.
    id          BLOB NOT NULL UNIQUE,
    version     INTEGER NOT NULL,
    campaign_id BLOB NOT NULL,
    buyer_id    BLOB,
    status      TEXT NOT NULL,
    ended       INTEGER NOT NULL CHECK (ended IN (0, 1)),
    started_at  INTEGER NOT NULL,
    caller      TEXT NOT NULL,
    -- A JSON list of `attempt/lease` with the lease in hexadecimal: what the sweep asks before it takes a lease for
    -- an orphan.
    leases      TEXT NOT NULL,
    document    TEXT NOT NULL,
    PRIMARY KEY (tenant_id, id)
) STRICT;
CREATE INDEX calls_newest ON calls (tenant_id, started_at DESC, id DESC);
CREATE INDEX calls_by_campaign ON calls (tenant_id, campaign_id, started_at DESC, id DESC);
CREATE INDEX calls_by_buyer ON calls (tenant_id, buyer_id, started_at DESC, id DESC) WHERE buyer_id IS NOT NULL;
CREATE INDEX calls_by_status ON calls (tenant_id, status, started_at DESC, id DESC);
CREATE INDEX calls_by_caller ON calls (tenant_id, caller, started_at DESC, id DESC);

CREATE TABLE call_logs (
    tenant_id BLOB NOT NULL,
    call_id   BLOB NOT NULL,
    step      TEXT NOT NULL,
    -- The call's version after this step: the order of the journal.
    position  INTEGER NOT NULL,
    document  TEXT NOT NULL,
    PRIMARY KEY (tenant_id, call_id, step),
    UNIQUE (tenant_id, call_id, position),
    FOREIGN KEY (tenant_id, call_id) REFERENCES calls (tenant_id, id)
) STRICT;

CREATE TABLE routing_decisions (
    tenant_id BLOB NOT NULL,
    call_id   BLOB NOT NULL,
    position  INTEGER NOT NULL,
    step      TEXT NOT NULL,
    document  TEXT NOT NULL,
    PRIMARY KEY (tenant_id, call_id, position),
    FOREIGN KEY (tenant_id, call_id) REFERENCES calls (tenant_id, id)
) STRICT;

CREATE TABLE rotations (
    tenant_id BLOB NOT NULL,
    rotation  TEXT NOT NULL,
    turns     INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, rotation)
) STRICT, WITHOUT ROWID;

-- No foreign key to calls: a call draws before it is first saved.
CREATE TABLE rotation_turns (
    tenant_id BLOB NOT NULL,
    rotation  TEXT NOT NULL,
    call_id   BLOB NOT NULL,
    turn      INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, rotation, call_id),
    FOREIGN KEY (tenant_id, rotation) REFERENCES rotations (tenant_id, rotation)
) STRICT, WITHOUT ROWID;

-- Campaigns and buyers may be deleted; what happened stays.

CREATE TABLE buyer_activity (
    tenant_id     BLOB NOT NULL,
    buyer_id      BLOB NOT NULL,
    campaign_id   BLOB NOT NULL,
    offered       INTEGER NOT NULL,
    answered      INTEGER NOT NULL,
    converted     INTEGER NOT NULL,
    last_ended_at INTEGER,
    PRIMARY KEY (tenant_id, buyer_id, campaign_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE caller_contacts (
    tenant_id    BLOB NOT NULL,
    caller       TEXT NOT NULL,
    campaign_id  BLOB NOT NULL,
    buyer_id     BLOB NOT NULL,
    connected_at INTEGER,
    converted_at INTEGER,
    PRIMARY KEY (tenant_id, caller, campaign_id, buyer_id)
) STRICT, WITHOUT ROWID;

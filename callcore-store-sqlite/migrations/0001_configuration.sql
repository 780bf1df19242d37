-- Every id is the 16 bytes of a UUID, every instant is microseconds since 1970 in UTC, every document is JSON as
-- `Object::to_json` writes it. The columns beside a document repeat what keys, filters and uniqueness need.

CREATE TABLE configuration_revisions (
    tenant_id BLOB NOT NULL PRIMARY KEY,
    revision  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- One row: which number belongs to whom is a question over all tenants.
CREATE TABLE numbers_revision (
    only     INTEGER NOT NULL PRIMARY KEY CHECK (only = 1),
    revision INTEGER NOT NULL
) STRICT;

CREATE TABLE phone_numbers (
    tenant_id  BLOB NOT NULL,
    id         BLOB NOT NULL,
    version    INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    number     TEXT NOT NULL UNIQUE,
    document   TEXT NOT NULL,
    PRIMARY KEY (tenant_id, id)
) STRICT;
CREATE INDEX phone_numbers_newest ON phone_numbers (tenant_id, created_at DESC, id DESC);

CREATE TABLE buyers (
    tenant_id  BLOB NOT NULL,
    id         BLOB NOT NULL,
    version    INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    document   TEXT NOT NULL,
    PRIMARY KEY (tenant_id, id)
) STRICT;
CREATE INDEX buyers_newest ON buyers (tenant_id, created_at DESC, id DESC);

CREATE TABLE campaigns (
    tenant_id       BLOB NOT NULL,
    id              BLOB NOT NULL,
    version         INTEGER NOT NULL,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    name            TEXT NOT NULL,
    status          TEXT NOT NULL,
    phone_number_id BLOB,
    document        TEXT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, phone_number_id) REFERENCES phone_numbers (tenant_id, id)
) STRICT;
CREATE INDEX campaigns_newest ON campaigns (tenant_id, created_at DESC, id DESC);
CREATE INDEX campaigns_by_number ON campaigns (tenant_id, phone_number_id);
CREATE UNIQUE INDEX campaigns_active_on_number ON campaigns (tenant_id, phone_number_id) WHERE status = 'active';

CREATE TABLE campaign_buyers (
    tenant_id   BLOB NOT NULL,
    campaign_id BLOB NOT NULL,
    buyer_id    BLOB NOT NULL,
    -- The order of assignment; two may be made at one instant.
    position    INTEGER NOT NULL,
    version     INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    document    TEXT NOT NULL,
    PRIMARY KEY (tenant_id, campaign_id, buyer_id),
    UNIQUE (tenant_id, campaign_id, position),
    FOREIGN KEY (tenant_id, campaign_id) REFERENCES campaigns (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, buyer_id) REFERENCES buyers (tenant_id, id)
) STRICT;
CREATE INDEX campaign_buyers_by_buyer ON campaign_buyers (tenant_id, buyer_id);

-- Every document is JSON as `Object::to_json` writes it. The columns beside a document repeat what keys, filters and
-- uniqueness need.

CREATE TABLE configuration_revisions (
    tenant_id uuid PRIMARY KEY,
    revision  bigint NOT NULL
);

-- One row: which number belongs to whom is a question over all tenants.
CREATE TABLE numbers_revision (
    "only"   integer PRIMARY KEY CHECK ("only" = 1),
    revision bigint NOT NULL
);
INSERT INTO numbers_revision VALUES (1, 0);

CREATE TABLE phone_numbers (
    tenant_id  uuid NOT NULL,
    id         uuid NOT NULL,
    version    bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    number     text NOT NULL CONSTRAINT phone_numbers_number UNIQUE,
    document   json NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX phone_numbers_newest ON phone_numbers (tenant_id, created_at DESC, id DESC);

CREATE TABLE buyers (
    tenant_id  uuid NOT NULL,
    id         uuid NOT NULL,
    version    bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    document   json NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX buyers_newest ON buyers (tenant_id, created_at DESC, id DESC);

CREATE TABLE campaigns (
    tenant_id       uuid NOT NULL,
    id              uuid NOT NULL,
    version         bigint NOT NULL,
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    name            text NOT NULL,
    status          text NOT NULL,
    phone_number_id uuid,
    document        json NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, phone_number_id) REFERENCES phone_numbers (tenant_id, id)
);
CREATE INDEX campaigns_newest ON campaigns (tenant_id, created_at DESC, id DESC);
CREATE INDEX campaigns_by_number ON campaigns (tenant_id, phone_number_id);
CREATE UNIQUE INDEX campaigns_active_on_number ON campaigns (tenant_id, phone_number_id) WHERE status = 'active';

CREATE TABLE campaign_buyers (
    tenant_id   uuid NOT NULL,
    campaign_id uuid NOT NULL,
    buyer_id    uuid NOT NULL,
    -- The order of assignment; two may be made at one instant.
    position    bigint NOT NULL,
    version     bigint NOT NULL,
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL,
    document    json NOT NULL,
    PRIMARY KEY (tenant_id, campaign_id, buyer_id),
    UNIQUE (tenant_id, campaign_id, position),
    FOREIGN KEY (tenant_id, campaign_id) REFERENCES campaigns (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, buyer_id) REFERENCES buyers (tenant_id, id)
);
CREATE INDEX campaign_buyers_by_buyer ON campaign_buyers (tenant_id, buyer_id);

CALL callcore_wall('configuration_revisions');
CALL callcore_wall('phone_numbers');
CALL callcore_wall('buyers');
CALL callcore_wall('campaigns');
CALL callcore_wall('campaign_buyers');
GRANT SELECT, INSERT, UPDATE ON configuration_revisions TO callcore_app;
GRANT SELECT, UPDATE ON numbers_revision TO callcore_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON phone_numbers, buyers, campaigns, campaign_buyers TO callcore_app;

-- What follows works before a tenant is known.

CALL callcore_gate('configuration_revisions', 'SELECT');
CALL callcore_gate('phone_numbers', 'SELECT');
CALL callcore_gate('campaigns', 'SELECT');

-- The revisions of all tenants, which every server mirrors.
CREATE FUNCTION callcore_revisions() RETURNS TABLE (tenant_id uuid, revision bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT r.tenant_id, r.revision FROM configuration_revisions AS r;
$$;
REVOKE EXECUTE ON FUNCTION callcore_revisions() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION callcore_revisions() TO callcore_app;

-- Who holds a number, and which campaign answers it.
CREATE FUNCTION callcore_number_holder(p_number text)
RETURNS TABLE (tenant_id uuid, number_id uuid, campaign_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT n.tenant_id, n.id, (
        SELECT c.id FROM campaigns AS c
        WHERE c.tenant_id = n.tenant_id AND c.phone_number_id = n.id
        ORDER BY CASE c.status WHEN 'active' THEN 0 WHEN 'completed' THEN 2 ELSE 1 END,
            c.updated_at DESC, c.id DESC
        LIMIT 1)
    FROM phone_numbers AS n WHERE n.number = p_number;
$$;
REVOKE EXECUTE ON FUNCTION callcore_number_holder(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION callcore_number_holder(text) TO callcore_app;

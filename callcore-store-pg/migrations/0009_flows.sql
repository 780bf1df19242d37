-- Call flows, their published versions, and what waits to be sent to others.

CREATE TABLE flows (
    tenant_id  uuid NOT NULL,
    id         uuid NOT NULL,
    version    bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    document   json NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX flows_newest ON flows (tenant_id, created_at DESC, id DESC);

CREATE TABLE flow_templates (
    tenant_id  uuid NOT NULL,
    id         uuid NOT NULL,
    version    bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    document   json NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX flow_templates_newest ON flow_templates (tenant_id, created_at DESC, id DESC);

-- No foreign key to flows: a version outlives its draft, for the calls that are pinned to it.
CREATE TABLE flow_versions (
    tenant_id    uuid NOT NULL,
    flow_id      uuid NOT NULL,
    number       bigint NOT NULL,
    -- The version of the draft that was published.
    draft        bigint NOT NULL,
    published_at timestamptz NOT NULL,
    document     json NOT NULL,
    PRIMARY KEY (tenant_id, flow_id, number)
);

-- No flow was there before, so whatever flow an older campaign names does not exist.
ALTER TABLE campaigns ADD COLUMN flow_id uuid;
ALTER TABLE campaigns ADD CONSTRAINT campaigns_flow
    FOREIGN KEY (tenant_id, flow_id) REFERENCES flows (tenant_id, id);
CREATE INDEX campaigns_by_flow ON campaigns (tenant_id, flow_id) WHERE flow_id IS NOT NULL;

-- The flow that a call ran. Calls without one stand in neither index.
ALTER TABLE calls ADD COLUMN flow_id uuid;
CREATE INDEX calls_in_flows ON calls (tenant_id, started_at DESC, id DESC) WHERE flow_id IS NOT NULL;
CREATE INDEX calls_by_flow ON calls (tenant_id, flow_id, started_at DESC, id DESC) WHERE flow_id IS NOT NULL;

CREATE TABLE outbox (
    tenant_id  uuid NOT NULL,
    id         uuid NOT NULL,
    call_id    uuid NOT NULL,
    -- The order inside the call.
    position   bigint NOT NULL,
    status     text COLLATE "C" NOT NULL,
    attempts   bigint NOT NULL,
    -- When it is tried next, if it waits; after a claim, when it is tried again if nobody tells what came of it.
    due_at     timestamptz NOT NULL,
    reason     text,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    document   json NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, call_id, position),
    FOREIGN KEY (tenant_id, call_id) REFERENCES calls (tenant_id, id)
);
CREATE INDEX outbox_due ON outbox (due_at) WHERE status = 'waiting';

CALL callcore_wall('flows');
CALL callcore_wall('flow_templates');
CALL callcore_wall('flow_versions');
CALL callcore_wall('outbox');
-- Deliveries of all tenants are claimed together.
CALL callcore_gate('outbox', 'SELECT');
CALL callcore_gate('outbox', 'UPDATE');
GRANT SELECT, INSERT, UPDATE, DELETE ON flows, flow_templates TO callcore_app;
GRANT SELECT, INSERT ON flow_versions TO callcore_app;
GRANT SELECT, INSERT, UPDATE ON outbox TO callcore_app;

-- What the save of a step of a flow, or of a step with deliveries, writes beside everything else: the second half of
-- the same statement, whatever the first is. The call's row is locked already, and deliveries come last in the order of
-- locks. Answers true. `p_now` is nothing where this database's clock counts.
CREATE FUNCTION callcore_post(
    p_tenant uuid, p_call uuid, p_flow uuid, p_ids uuid[], p_deliveries text[], p_now timestamptz
) RETURNS boolean
LANGUAGE plpgsql VOLATILE SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    v_now timestamptz := coalesce(p_now, clock_timestamp());
    v_before bigint;
BEGIN
    PERFORM set_config('callcore.tenant', p_tenant::text, true);
    IF p_flow IS NOT NULL THEN
        -- Once for each call: it runs one flow at the most.
        UPDATE calls SET flow_id = p_flow
        WHERE tenant_id = p_tenant AND id = p_call AND flow_id IS DISTINCT FROM p_flow;
    END IF;
    IF p_ids <> '{}' THEN
        SELECT coalesce(max(position), 0) INTO v_before FROM outbox
        WHERE tenant_id = p_tenant AND call_id = p_call;
        INSERT INTO outbox (tenant_id, id, call_id, position, status, attempts, due_at, created_at, updated_at,
            document)
        SELECT p_tenant, id, p_call, v_before + position, 'waiting', 0, v_now, v_now, v_now, document::json
        FROM unnest(p_ids, p_deliveries) WITH ORDINALITY AS w (id, document, position)
        ORDER BY position
        ON CONFLICT (tenant_id, id) DO NOTHING;
    END IF;
    RETURN true;
END $$;

-- Claims deliveries of all tenants that are due, the longest waiting first. Nobody else gets them for a stretch of time:
-- whoever asks may have another clock than the one that counts. Several may claim at once: each passes over what another
-- claims.
CREATE FUNCTION callcore_claim(p_limit bigint, p_now timestamptz, p_lasts_micros bigint)
RETURNS TABLE (o_tenant uuid, o_id uuid, o_call uuid, o_attempt bigint, o_delivery text)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path FROM CURRENT
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    v_now timestamptz := coalesce(p_now, clock_timestamp());
BEGIN
    RETURN QUERY
    WITH due AS MATERIALIZED (
        SELECT o.tenant_id, o.id, o.due_at, o.created_at, o.call_id, o.position FROM outbox AS o
        WHERE o.status = 'waiting' AND o.due_at <= v_now
        ORDER BY o.due_at, o.created_at, o.tenant_id, o.call_id, o.position
        LIMIT p_limit FOR UPDATE SKIP LOCKED
    ), claimed AS (
        UPDATE outbox AS o SET attempts = o.attempts + 1, updated_at = v_now,
            due_at = v_now + p_lasts_micros * interval '1 microsecond'
        FROM due WHERE o.tenant_id = due.tenant_id AND o.id = due.id
        RETURNING o.tenant_id, o.id, o.call_id, o.attempts, o.document::text AS document,
            due.due_at, o.created_at, o.position
    )
    SELECT c.tenant_id, c.id, c.call_id, c.attempts, c.document FROM claimed AS c
    ORDER BY c.due_at, c.created_at, c.tenant_id, c.call_id, c.position;
END $$;
REVOKE EXECUTE ON FUNCTION callcore_claim(bigint, timestamptz, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION callcore_claim(bigint, timestamptz, bigint) TO callcore_app;

-- Notes what came of a try. `p_after_micros` is how long the next one waits, if there shall be one.
CREATE FUNCTION callcore_settle(
    p_tenant uuid, p_id uuid, p_status text, p_reason text, p_now timestamptz, p_after_micros bigint
) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_now timestamptz := coalesce(p_now, clock_timestamp());
BEGIN
    PERFORM set_config('callcore.tenant', p_tenant::text, true);
    UPDATE outbox SET status = p_status, reason = p_reason, updated_at = v_now,
        due_at = CASE WHEN p_after_micros IS NULL THEN due_at
            ELSE v_now + p_after_micros * interval '1 microsecond' END
    WHERE tenant_id = p_tenant AND id = p_id AND status = 'waiting';
END $$;

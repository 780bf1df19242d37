-- Calls between webhooks, and what they leave behind. The columns beside a document repeat what keys, filters and
-- uniqueness need.

CREATE TABLE calls (
    tenant_id   uuid NOT NULL,
    -- Unique over all tenants: a call is one tenant's for ever.
    id          uuid NOT NULL UNIQUE,
    version     bigint NOT NULL,
    campaign_id uuid NOT NULL,
    buyer_id    uuid,
    status      text COLLATE "C" NOT NULL,
    ended       boolean NOT NULL,
    started_at  timestamptz NOT NULL,
    caller      text COLLATE "C" NOT NULL,
    -- `attempt/lease` with the lease in hexadecimal: what the sweep asks before it takes a lease for an orphan.
    leases      text[] NOT NULL,
    -- What lists are filtered by. A document is text as it was written, so it may hold what `jsonb` does not know, such
    -- as the character 0.
    tags        jsonb NOT NULL,
    document    json NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX calls_newest ON calls (tenant_id, started_at DESC, id DESC);
CREATE INDEX calls_by_campaign ON calls (tenant_id, campaign_id, started_at DESC, id DESC);
CREATE INDEX calls_by_buyer ON calls (tenant_id, buyer_id, started_at DESC, id DESC) WHERE buyer_id IS NOT NULL;
CREATE INDEX calls_by_status ON calls (tenant_id, status, started_at DESC, id DESC);
CREATE INDEX calls_by_caller ON calls (tenant_id, caller, started_at DESC, id DESC);

CREATE TABLE call_logs (
    tenant_id uuid NOT NULL,
    call_id   uuid NOT NULL,
    step      text COLLATE "C" NOT NULL,
    -- The call's version after this step: the order of the journal.
    position  bigint NOT NULL,
    document  json NOT NULL,
    PRIMARY KEY (tenant_id, call_id, step),
    UNIQUE (tenant_id, call_id, position),
    FOREIGN KEY (tenant_id, call_id) REFERENCES calls (tenant_id, id)
);

CREATE TABLE routing_decisions (
    tenant_id uuid NOT NULL,
    call_id   uuid NOT NULL,
    position  bigint NOT NULL,
    step      text COLLATE "C" NOT NULL,
    document  json NOT NULL,
    PRIMARY KEY (tenant_id, call_id, position),
    FOREIGN KEY (tenant_id, call_id) REFERENCES calls (tenant_id, id)
);

CREATE TABLE rotations (
    tenant_id uuid NOT NULL,
    rotation  text COLLATE "C" NOT NULL,
    turns     bigint NOT NULL,
    PRIMARY KEY (tenant_id, rotation)
) WITH (fillfactor = 50);

-- No foreign key to calls: a call draws before it is first saved.
CREATE TABLE rotation_turns (
    tenant_id uuid NOT NULL,
    rotation  text COLLATE "C" NOT NULL,
    call_id   uuid NOT NULL,
    turn      bigint NOT NULL,
    PRIMARY KEY (tenant_id, rotation, call_id),
    FOREIGN KEY (tenant_id, rotation) REFERENCES rotations (tenant_id, rotation)
);

-- Campaigns and buyers may be deleted; what happened stays.

CREATE TABLE buyer_activity (
    tenant_id     uuid NOT NULL,
    buyer_id      uuid NOT NULL,
    campaign_id   uuid NOT NULL,
    offered       bigint NOT NULL,
    answered      bigint NOT NULL,
    converted     bigint NOT NULL,
    last_ended_at timestamptz,
    PRIMARY KEY (tenant_id, buyer_id, campaign_id)
) WITH (fillfactor = 50);

CREATE TABLE caller_contacts (
    tenant_id    uuid NOT NULL,
    caller       text COLLATE "C" NOT NULL,
    campaign_id  uuid NOT NULL,
    buyer_id     uuid NOT NULL,
    connected_at timestamptz,
    converted_at timestamptz,
    PRIMARY KEY (tenant_id, caller, campaign_id, buyer_id)
);

CALL callcore_wall('calls');
CALL callcore_wall('call_logs');
CALL callcore_wall('routing_decisions');
CALL callcore_wall('rotations');
CALL callcore_wall('rotation_turns');
CALL callcore_wall('buyer_activity');
CALL callcore_wall('caller_contacts');
-- Whose a call is, and whether it is over, is asked over all tenants.
CALL callcore_gate('calls', 'SELECT');
GRANT SELECT, INSERT, UPDATE ON calls, rotations, buyer_activity, caller_contacts TO callcore_app;
GRANT SELECT, INSERT ON call_logs, routing_decisions, rotation_turns TO callcore_app;

-- Each act below is one statement of the client, so that no connection is ever left inside a transaction. Inside a
-- function every statement sees what was committed before it began: first lock, then, in another statement, read.
-- Everybody takes locks in the same order: the call's door, calls, reservations, counters, activity, contacts.

-- Plans are made once, for few rows that are found by their keys: making one for each list of arguments took three
-- times as long as the work. `OFFSET 0` and row addresses leave the planner no choice where it would otherwise go by
-- statistics, which are old while a table grows fast.

-- The call's door. A reservation holds it open, the save that ends the call shuts it: whoever comes second sees what the
-- first did, also where there is no row of the call yet that could be locked. Two calls of one hash only wait for each
-- other.
CREATE FUNCTION callcore_door(p_call uuid) RETURNS bigint
LANGUAGE sql IMMUTABLE AS $$ SELECT uuid_hash_extended(p_call, 7090) $$;

-- The name of the window that runs at `p_at`, as callcore's `window_key` writes it. The client tells the zone's offset
-- now, and the next change of it: its tables of time zones then count, whatever the server has installed.
CREATE FUNCTION callcore_window_key(
    p_window text, p_at timestamptz, p_offset_secs int, p_changes_at timestamptz, p_changed_secs int
) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE p_window
        WHEN 'concurrent' THEN 'live'
        WHEN 'total' THEN 'total'
        ELSE to_char(
            timezone('UTC', p_at) + make_interval(secs =>
                CASE WHEN p_at >= p_changes_at THEN p_changed_secs ELSE p_offset_secs END),
            CASE p_window WHEN 'hourly' THEN 'YYYY-MM-DD"T"HH24' WHEN 'daily' THEN 'YYYY-MM-DD' ELSE 'YYYY-MM' END)
    END
$$;

-- Everything that one step needs, by one statement and so at one instant. One row; arrays are in the order of what was
-- asked for, except those of contacts and activity, which say whose they are.
CREATE FUNCTION callcore_look(
    p_tenant uuid, p_call uuid, p_step text, p_now timestamptz,
    p_scopes text[], p_windows text[], p_offsets_secs int[], p_changes_at timestamptz[], p_changed_secs int[],
    p_caller text, p_campaign uuid, p_buyers uuid[],
    OUT o_call text, OUT o_version bigint, OUT o_fact text, OUT o_used int[],
    OUT o_contact_campaigns uuid[], OUT o_contact_buyers uuid[],
    OUT o_connected_at timestamptz[], OUT o_converted_at timestamptz[],
    OUT o_buyers uuid[], OUT o_offered bigint[], OUT o_answered bigint[], OUT o_converted bigint[],
    OUT o_ended_at timestamptz[]
) LANGUAGE plpgsql VOLATILE SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    v_now timestamptz := coalesce(p_now, clock_timestamp());
BEGIN
    PERFORM set_config('callcore.tenant', p_tenant::text, true);
    SELECT c.document::text, c.version, l.document::text, u.used,
        k.campaigns, k.buyers, k.connected_at, k.converted_at,
        a.buyers, a.offered, a.answered, a.converted, a.ended_at
    INTO o_call, o_version, o_fact, o_used,
        o_contact_campaigns, o_contact_buyers, o_connected_at, o_converted_at,
        o_buyers, o_offered, o_answered, o_converted, o_ended_at
    FROM (SELECT) AS one
    LEFT JOIN calls AS c ON c.tenant_id = p_tenant AND c.id = p_call
    LEFT JOIN call_logs AS l ON l.tenant_id = p_tenant AND l.call_id = p_call AND l.step = p_step
    LEFT JOIN LATERAL (
        SELECT array_agg(greatest(n.used - h.own - h.expired, 0)::int ORDER BY w.ordinality) AS used
        FROM unnest(p_scopes, p_windows, p_offsets_secs, p_changes_at, p_changed_secs) WITH ORDINALITY
            AS w (scope, kind, offset_secs, changes_at, changed_secs, ordinality)
        CROSS JOIN LATERAL (
            SELECT callcore_window_key(w.kind, v_now, w.offset_secs, w.changes_at, w.changed_secs) AS key) AS x
        LEFT JOIN LATERAL (
            SELECT used FROM cap_counters
            WHERE tenant_id = p_tenant AND scope = w.scope AND window_kind = w.kind AND window_key = x.key
            OFFSET 0
        ) AS n ON true
        CROSS JOIN LATERAL (
            SELECT
                (SELECT count(*) FROM reservation_items AS i
                 WHERE i.tenant_id = p_tenant AND i.call_id = p_call
                 AND i.scope = w.scope AND i.window_kind = w.kind AND i.window_key = x.key) AS own,
                CASE WHEN w.kind = 'concurrent' THEN
                    (SELECT count(*) FROM reservation_items AS i
                     WHERE i.tenant_id = p_tenant AND i.scope = w.scope AND i.window_kind = 'concurrent'
                     AND i.expires_at <= v_now AND i.call_id <> p_call)
                ELSE 0 END AS expired
        ) AS h
    ) AS u ON p_scopes <> '{}'
    LEFT JOIN LATERAL (
        SELECT array_agg(campaign_id) AS campaigns, array_agg(buyer_id) AS buyers,
            array_agg(connected_at) AS connected_at, array_agg(converted_at) AS converted_at
        FROM (SELECT * FROM caller_contacts WHERE tenant_id = p_tenant AND caller = p_caller
            ORDER BY campaign_id, buyer_id) AS ordered
    ) AS k ON p_caller IS NOT NULL
    LEFT JOIN LATERAL (
        SELECT array_agg(buyer_id) AS buyers, array_agg(offered) AS offered, array_agg(answered) AS answered,
            array_agg(converted) AS converted, array_agg(ended_at) AS ended_at
        FROM (
            SELECT buyer_id,
                coalesce(sum(offered) FILTER (WHERE campaign_id = p_campaign), 0)::bigint AS offered,
                coalesce(sum(answered) FILTER (WHERE campaign_id = p_campaign), 0)::bigint AS answered,
                coalesce(sum(converted) FILTER (WHERE campaign_id = p_campaign), 0)::bigint AS converted,
                max(last_ended_at) AS ended_at
            FROM buyer_activity WHERE tenant_id = p_tenant AND buyer_id = ANY (p_buyers) GROUP BY buyer_id
        ) AS each
    ) AS a ON p_campaign IS NOT NULL;
END $$;

CREATE FUNCTION callcore_draw(p_tenant uuid, p_call uuid, p_rotation text) RETURNS bigint
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_turn bigint;
BEGIN
    PERFORM set_config('callcore.tenant', p_tenant::text, true);
    SELECT turn INTO v_turn FROM rotation_turns
    WHERE tenant_id = p_tenant AND rotation = p_rotation AND call_id = p_call;
    IF FOUND THEN
        RETURN v_turn;
    END IF;
    INSERT INTO rotations (tenant_id, rotation, turns) VALUES (p_tenant, p_rotation, 0) ON CONFLICT DO NOTHING;
    PERFORM 1 FROM rotations WHERE tenant_id = p_tenant AND rotation = p_rotation FOR NO KEY UPDATE;
    -- The call may have drawn while this draw waited.
    SELECT turn INTO v_turn FROM rotation_turns
    WHERE tenant_id = p_tenant AND rotation = p_rotation AND call_id = p_call;
    IF FOUND THEN
        RETURN v_turn;
    END IF;
    UPDATE rotations SET turns = turns + 1 WHERE tenant_id = p_tenant AND rotation = p_rotation
    RETURNING turns - 1 INTO v_turn;
    INSERT INTO rotation_turns (tenant_id, rotation, call_id, turn) VALUES (p_tenant, p_rotation, p_call, v_turn);
    RETURN v_turn;
END $$;

-- Answers whether it saved; where it did not, it changed nothing.
CREATE FUNCTION callcore_save(
    p_tenant uuid, p_call uuid, p_expected bigint, p_campaign uuid, p_buyer uuid, p_status text, p_ended boolean,
    p_started_at timestamptz, p_caller text, p_leases text[], p_tags text, p_document text,
    p_step text, p_fact text, p_decision text,
    p_tally_campaigns uuid[], p_tally_buyers uuid[], p_offered bigint[], p_answered bigint[], p_converted bigint[],
    p_ended_at timestamptz[],
    p_contact_caller text, p_contact_campaigns uuid[], p_contact_buyers uuid[],
    p_connected_at timestamptz[], p_converted_at timestamptz[],
    p_release_attempts bigint[], p_refunds boolean[]
) RETURNS boolean
LANGUAGE plpgsql VOLATILE SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    v_version bigint := coalesce(p_expected, 0) + 1;
    v_attempts bigint[] := p_release_attempts;
    v_refunds boolean[] := p_refunds;
BEGIN
    PERFORM set_config('callcore.tenant', p_tenant::text, true);
    IF p_ended THEN
        PERFORM pg_advisory_xact_lock(callcore_door(p_call));
    END IF;
    IF p_expected IS NULL THEN
        -- Also no row where the call is another tenant's: ids are unique over all of them.
        INSERT INTO calls (tenant_id, id, version, campaign_id, buyer_id, status, ended, started_at, caller, leases,
            tags, document)
        VALUES (p_tenant, p_call, v_version, p_campaign, p_buyer, p_status, p_ended, p_started_at, p_caller,
            p_leases, p_tags::jsonb, p_document::json)
        ON CONFLICT DO NOTHING;
    ELSE
        -- Two saves of one step start from one version, so the version of the locked row decides between them too.
        UPDATE calls SET version = v_version, campaign_id = p_campaign, buyer_id = p_buyer, status = p_status,
            ended = p_ended, started_at = p_started_at, caller = p_caller, leases = p_leases,
            tags = p_tags::jsonb, document = p_document::json
        WHERE tenant_id = p_tenant AND id = p_call AND version = p_expected AND NOT EXISTS (
            SELECT 1 FROM call_logs WHERE tenant_id = p_tenant AND call_id = p_call AND step = p_step);
    END IF;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    INSERT INTO call_logs (tenant_id, call_id, step, position, document)
    VALUES (p_tenant, p_call, p_step, v_version, p_fact::json);
    IF p_decision IS NOT NULL THEN
        INSERT INTO routing_decisions (tenant_id, call_id, position, step, document)
        VALUES (p_tenant, p_call, v_version, p_step, p_decision::json);
    END IF;
    IF p_ended THEN
        -- Whatever is still open; what the call does not know never dialled.
        SELECT coalesce(array_agg(attempt), '{}'), coalesce(array_agg(refund), '{}') INTO v_attempts, v_refunds
        FROM (
            SELECT attempt, bool_or(refund) AS refund FROM (
                SELECT * FROM unnest(p_release_attempts, p_refunds) AS asked (attempt, refund)
                UNION ALL
                SELECT attempt, NOT callcore_lease(attempt, lease_id) = ANY (p_leases) FROM reservations
                WHERE tenant_id = p_tenant AND call_id = p_call AND open
            ) AS every GROUP BY attempt
        ) AS each;
    END IF;
    IF v_attempts <> '{}' THEN
        PERFORM callcore_give_back(p_tenant, array_fill(p_call, ARRAY[cardinality(v_attempts)]), v_attempts, v_refunds,
            '{}', '{}', '{}');
    END IF;
    PERFORM callcore_grow(p_tenant, p_tally_campaigns, p_tally_buyers, p_offered, p_answered, p_converted, p_ended_at,
        p_contact_caller, p_contact_campaigns, p_contact_buyers, p_connected_at, p_converted_at);
    RETURN true;
END $$;

-- The counters beside the calls; last in a save, for buyers' rows are wanted by many.
CREATE FUNCTION callcore_grow(
    p_tenant uuid,
    p_tally_campaigns uuid[], p_tally_buyers uuid[], p_offered bigint[], p_answered bigint[], p_converted bigint[],
    p_ended_at timestamptz[],
    p_contact_caller text, p_contact_campaigns uuid[], p_contact_buyers uuid[],
    p_connected_at timestamptz[], p_converted_at timestamptz[]
) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    IF p_tally_buyers <> '{}' THEN
        INSERT INTO buyer_activity AS known (tenant_id, buyer_id, campaign_id, offered, answered, converted,
            last_ended_at)
        SELECT p_tenant, buyer, campaign, sum(offered), sum(answered), sum(converted), max(ended_at)
        FROM unnest(p_tally_buyers, p_tally_campaigns, p_offered, p_answered, p_converted, p_ended_at)
            AS tally (buyer, campaign, offered, answered, converted, ended_at)
        GROUP BY buyer, campaign ORDER BY buyer, campaign
        ON CONFLICT (tenant_id, buyer_id, campaign_id) DO UPDATE SET
            offered = known.offered + excluded.offered, answered = known.answered + excluded.answered,
            converted = known.converted + excluded.converted,
            last_ended_at = greatest(known.last_ended_at, excluded.last_ended_at);
    END IF;
    IF p_contact_caller IS NOT NULL AND p_contact_buyers <> '{}' THEN
        INSERT INTO caller_contacts AS known (tenant_id, caller, campaign_id, buyer_id, connected_at, converted_at)
        SELECT p_tenant, p_contact_caller, campaign, buyer, max(connected_at), max(converted_at)
        FROM unnest(p_contact_campaigns, p_contact_buyers, p_connected_at, p_converted_at)
            AS contact (campaign, buyer, connected_at, converted_at)
        GROUP BY campaign, buyer ORDER BY campaign, buyer
        ON CONFLICT (tenant_id, caller, campaign_id, buyer_id) DO UPDATE SET
            connected_at = greatest(known.connected_at, excluded.connected_at),
            converted_at = greatest(known.converted_at, excluded.converted_at);
    END IF;
END $$;

-- A call with its journal and decisions, by one statement.
CREATE FUNCTION callcore_journey(
    p_tenant uuid, p_call uuid,
    OUT o_call text, OUT o_facts text[], OUT o_steps text[], OUT o_decisions text[]
) LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM set_config('callcore.tenant', p_tenant::text, true);
    SELECT c.document::text, f.documents, d.steps, d.documents INTO o_call, o_facts, o_steps, o_decisions
    FROM calls AS c
    CROSS JOIN LATERAL (
        SELECT array_agg(document::text ORDER BY position) AS documents FROM call_logs
        WHERE tenant_id = p_tenant AND call_id = p_call) AS f
    CROSS JOIN LATERAL (
        SELECT array_agg(step ORDER BY position) AS steps, array_agg(document::text ORDER BY position) AS documents
        FROM routing_decisions WHERE tenant_id = p_tenant AND call_id = p_call) AS d
    WHERE c.tenant_id = p_tenant AND c.id = p_call;
END $$;

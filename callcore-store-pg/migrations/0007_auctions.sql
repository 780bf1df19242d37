-- Targets, routers, and what auctions leave behind. Functions that grow here get a new name, for servers of the release
-- before go on calling the old ones; a later release drops those.

CREATE TABLE rtb_targets (
    tenant_id  uuid NOT NULL,
    id         uuid NOT NULL,
    version    bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    document   json NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX rtb_targets_newest ON rtb_targets (tenant_id, created_at DESC, id DESC);

CREATE TABLE rtb_routers (
    tenant_id  uuid NOT NULL,
    id         uuid NOT NULL,
    version    bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    document   json NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX rtb_routers_newest ON rtb_routers (tenant_id, created_at DESC, id DESC);

-- Repeats what stands in a router's document, so that a target that a router names cannot go.
CREATE TABLE rtb_router_assignments (
    tenant_id uuid NOT NULL,
    router_id uuid NOT NULL,
    position  bigint NOT NULL,
    target_id uuid NOT NULL,
    PRIMARY KEY (tenant_id, router_id, position),
    FOREIGN KEY (tenant_id, router_id) REFERENCES rtb_routers (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, target_id) REFERENCES rtb_targets (tenant_id, id)
);
CREATE INDEX rtb_router_assignments_by_target ON rtb_router_assignments (tenant_id, target_id);

-- No router was there before, so whatever router an older campaign names does not exist. A column, and none generated
-- from the document: that may hold the character 0, which the operators on `json` refuse.
ALTER TABLE campaigns ADD COLUMN rtb_router_id uuid;
ALTER TABLE campaigns ADD CONSTRAINT campaigns_router
    FOREIGN KEY (tenant_id, rtb_router_id) REFERENCES rtb_routers (tenant_id, id);
CREATE INDEX campaigns_by_router ON campaigns (tenant_id, rtb_router_id) WHERE rtb_router_id IS NOT NULL;

CREATE TABLE campaign_targets (
    tenant_id   uuid NOT NULL,
    campaign_id uuid NOT NULL,
    target_id   uuid NOT NULL,
    -- The order of assignment; two may be made at one instant.
    position    bigint NOT NULL,
    version     bigint NOT NULL,
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL,
    document    json NOT NULL,
    PRIMARY KEY (tenant_id, campaign_id, target_id),
    UNIQUE (tenant_id, campaign_id, position),
    FOREIGN KEY (tenant_id, campaign_id) REFERENCES campaigns (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, target_id) REFERENCES rtb_targets (tenant_id, id)
);
CREATE INDEX campaign_targets_by_target ON campaign_targets (tenant_id, target_id);

-- Campaigns and targets may be deleted; what happened stays.

CREATE TABLE rtb_bid_requests (
    tenant_id   uuid NOT NULL,
    id          uuid NOT NULL,
    call_id     uuid NOT NULL,
    campaign_id uuid NOT NULL,
    opened_at   timestamptz NOT NULL,
    caller      text COLLATE "C",
    document    json NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, call_id) REFERENCES calls (tenant_id, id)
);
CREATE INDEX rtb_bid_requests_newest ON rtb_bid_requests (tenant_id, opened_at DESC, id DESC);
CREATE INDEX rtb_bid_requests_by_call ON rtb_bid_requests (tenant_id, call_id, opened_at DESC, id DESC);
CREATE INDEX rtb_bid_requests_by_campaign ON rtb_bid_requests (tenant_id, campaign_id, opened_at DESC, id DESC);

CREATE TABLE rtb_bid_responses (
    tenant_id     uuid NOT NULL,
    id            uuid NOT NULL,
    auction_id    uuid NOT NULL,
    -- The order inside the auction.
    position      bigint NOT NULL,
    call_id       uuid NOT NULL,
    campaign_id   uuid NOT NULL,
    target_id     uuid NOT NULL,
    verdict       text COLLATE "C" NOT NULL,
    opened_at     timestamptz NOT NULL,
    -- The caller, where the target made a bid that may be taken again, and until when.
    offered_to    text COLLATE "C",
    offered_until timestamptz,
    document      json NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, auction_id, position),
    FOREIGN KEY (tenant_id, auction_id) REFERENCES rtb_bid_requests (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX rtb_bid_responses_newest ON rtb_bid_responses (tenant_id, opened_at DESC, id DESC);
CREATE INDEX rtb_bid_responses_by_call ON rtb_bid_responses (tenant_id, call_id, opened_at DESC, id DESC);
CREATE INDEX rtb_bid_responses_by_campaign ON rtb_bid_responses (tenant_id, campaign_id, opened_at DESC, id DESC);
CREATE INDEX rtb_bid_responses_by_target ON rtb_bid_responses (tenant_id, target_id, opened_at DESC, id DESC);
CREATE INDEX rtb_bid_responses_by_verdict ON rtb_bid_responses (tenant_id, verdict, opened_at DESC, id DESC);
CREATE INDEX rtb_bid_responses_offered ON rtb_bid_responses
    (tenant_id, offered_to, target_id, opened_at DESC, auction_id DESC, position DESC) WHERE offered_to IS NOT NULL;

-- The log of each auction, which is large and rarely read.
CREATE TABLE rtb_auction_details (
    tenant_id  uuid NOT NULL,
    auction_id uuid NOT NULL,
    document   json NOT NULL,
    PRIMARY KEY (tenant_id, auction_id),
    FOREIGN KEY (tenant_id, auction_id) REFERENCES rtb_bid_requests (tenant_id, id) ON DELETE CASCADE
);

-- Who works on a step that is not saved yet. No foreign key to calls: the first step begins before there is one.
CREATE TABLE steps_begun (
    tenant_id uuid NOT NULL,
    call_id   uuid NOT NULL,
    step      text COLLATE "C" NOT NULL,
    until     timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, call_id, step)
);
CREATE INDEX steps_begun_until ON steps_begun (until);

CALL callcore_wall('rtb_targets');
CALL callcore_wall('rtb_routers');
CALL callcore_wall('rtb_router_assignments');
CALL callcore_wall('campaign_targets');
CALL callcore_wall('rtb_bid_requests');
CALL callcore_wall('rtb_bid_responses');
CALL callcore_wall('rtb_auction_details');
CALL callcore_wall('steps_begun');
-- The sweep forgets steps of all tenants.
CALL callcore_gate('steps_begun', 'SELECT');
CALL callcore_gate('steps_begun', 'DELETE');
GRANT SELECT, INSERT, UPDATE, DELETE ON rtb_targets, rtb_routers, campaign_targets TO callcore_app;
GRANT SELECT, INSERT, DELETE ON rtb_router_assignments, rtb_bid_responses TO callcore_app;
GRANT SELECT, INSERT, UPDATE ON rtb_bid_requests, rtb_auction_details, steps_begun TO callcore_app;

-- Takes a step on. `o_state` is `fresh`, `stored` with the fact, or `busy` with how long that may last yet: a
-- stretch of time, for whoever asks may have another clock than the one that counts.
CREATE FUNCTION callcore_begin(
    p_tenant uuid, p_call uuid, p_step text, p_now timestamptz, p_lasts_micros bigint,
    OUT o_state text, OUT o_fact text, OUT o_busy_micros bigint
) LANGUAGE plpgsql VOLATILE SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    v_now timestamptz := coalesce(p_now, clock_timestamp());
    v_until timestamptz;
BEGIN
    PERFORM set_config('callcore.tenant', p_tenant::text, true);
    o_state := 'stored';
    SELECT document::text INTO o_fact FROM call_logs
    WHERE tenant_id = p_tenant AND call_id = p_call AND step = p_step;
    IF FOUND THEN
        RETURN;
    END IF;
    INSERT INTO steps_begun AS known (tenant_id, call_id, step, until)
    VALUES (p_tenant, p_call, p_step, v_now + p_lasts_micros * interval '1 microsecond')
    ON CONFLICT (tenant_id, call_id, step) DO UPDATE SET until = excluded.until WHERE known.until <= v_now;
    IF FOUND THEN
        o_state := 'fresh';
    ELSE
        o_state := 'busy';
        SELECT until INTO v_until FROM steps_begun
        WHERE tenant_id = p_tenant AND call_id = p_call AND step = p_step;
        o_busy_micros := coalesce(extract(epoch FROM v_until - v_now) * 1000000, 0);
    END IF;
    -- The step may have been saved while this waited for the row.
    SELECT document::text INTO o_fact FROM call_logs
    WHERE tenant_id = p_tenant AND call_id = p_call AND step = p_step;
    IF FOUND THEN
        o_state := 'stored';
    END IF;
END $$;

-- Forgets steps that nobody works on any more: whoever begins one of them is the first again, with the row or without.
CREATE FUNCTION callcore_sweep_steps(p_now timestamptz, p_limit int) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path FROM CURRENT
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    v_now timestamptz := coalesce(p_now, clock_timestamp());
    v_count bigint;
BEGIN
    DELETE FROM steps_begun AS s
    USING (
        SELECT tenant_id, call_id, step FROM steps_begun WHERE until <= v_now
        ORDER BY until, tenant_id, call_id, step LIMIT p_limit
    ) AS old
    WHERE s.tenant_id = old.tenant_id AND s.call_id = old.call_id AND s.step = old.step AND s.until <= v_now;
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END $$;
REVOKE EXECUTE ON FUNCTION callcore_sweep_steps(timestamptz, int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION callcore_sweep_steps(timestamptz, int) TO callcore_app;

-- As `callcore_look`, with bids on a caller that still hold, and with the log of the call's newest auction.
CREATE FUNCTION callcore_look_with_auction(
    p_tenant uuid, p_call uuid, p_step text, p_now timestamptz,
    p_scopes text[], p_windows text[], p_offsets_secs int[], p_changes_at timestamptz[], p_changed_secs int[],
    p_caller text, p_campaign uuid, p_buyers uuid[], p_bids_for text, p_targets uuid[],
    OUT o_call text, OUT o_version bigint, OUT o_fact text, OUT o_used int[],
    OUT o_contact_campaigns uuid[], OUT o_contact_buyers uuid[],
    OUT o_connected_at timestamptz[], OUT o_converted_at timestamptz[],
    OUT o_buyers uuid[], OUT o_offered bigint[], OUT o_answered bigint[], OUT o_converted bigint[],
    OUT o_ended_at timestamptz[], OUT o_bids text[], OUT o_auction text
) LANGUAGE plpgsql VOLATILE SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    v_now timestamptz := coalesce(p_now, clock_timestamp());
BEGIN
    PERFORM set_config('callcore.tenant', p_tenant::text, true);
    SELECT c.document::text, c.version, l.document::text, u.used,
        k.campaigns, k.buyers, k.connected_at, k.converted_at,
        a.buyers, a.offered, a.answered, a.converted, a.ended_at, b.documents, d.document
    INTO o_call, o_version, o_fact, o_used,
        o_contact_campaigns, o_contact_buyers, o_connected_at, o_converted_at,
        o_buyers, o_offered, o_answered, o_converted, o_ended_at, o_bids, o_auction
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
    ) AS a ON p_campaign IS NOT NULL
    LEFT JOIN LATERAL (
        SELECT array_agg(r.document::text) AS documents
        FROM (SELECT DISTINCT target FROM unnest(p_targets) AS target) AS w
        CROSS JOIN LATERAL (
            -- Its newest bid, whatever came of it: an older one that still holds is superseded.
            SELECT document, offered_until FROM rtb_bid_responses
            WHERE tenant_id = p_tenant AND offered_to = p_bids_for AND target_id = w.target
            ORDER BY opened_at DESC, auction_id DESC, position DESC LIMIT 1
        ) AS r
        WHERE r.offered_until > v_now
    ) AS b ON p_bids_for IS NOT NULL
    LEFT JOIN LATERAL (
        SELECT (SELECT document::text FROM rtb_auction_details WHERE tenant_id = p_tenant AND auction_id = q.id)
            AS document
        FROM (
            SELECT id FROM rtb_bid_requests WHERE tenant_id = p_tenant AND call_id = p_call
            ORDER BY opened_at DESC, id DESC LIMIT 1
        ) AS q
    ) AS d ON true;
END $$;

-- Writes what is kept of an auction, in place of what was kept of it before. Rows that say the same stay as they are:
-- mostly the log alone has grown.
CREATE FUNCTION callcore_put_auction(
    p_tenant uuid, p_call uuid, p_auction uuid, p_campaign uuid, p_opened_at timestamptz, p_caller text,
    p_document text, p_log text,
    p_ids uuid[], p_targets uuid[], p_verdicts text[], p_offered_to text[], p_offered_until timestamptz[],
    p_documents text[]
) RETURNS void
LANGUAGE plpgsql VOLATILE SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
BEGIN
    INSERT INTO rtb_bid_requests (tenant_id, id, call_id, campaign_id, opened_at, caller, document)
    VALUES (p_tenant, p_auction, p_call, p_campaign, p_opened_at, p_caller, p_document::json)
    ON CONFLICT (tenant_id, id) DO UPDATE SET call_id = p_call, campaign_id = p_campaign, opened_at = p_opened_at,
        caller = p_caller, document = p_document::json;
    INSERT INTO rtb_auction_details (tenant_id, auction_id, document) VALUES (p_tenant, p_auction, p_log::json)
    ON CONFLICT (tenant_id, auction_id) DO UPDATE SET document = p_log::json;
    DELETE FROM rtb_bid_responses AS known
    WHERE tenant_id = p_tenant AND auction_id = p_auction
        AND (call_id <> p_call OR p_ids[position] IS DISTINCT FROM id
            OR p_offered_to[position] IS DISTINCT FROM offered_to
            OR p_documents[position] IS DISTINCT FROM document::text);
    INSERT INTO rtb_bid_responses (tenant_id, id, auction_id, position, call_id, campaign_id, target_id, verdict,
        opened_at, offered_to, offered_until, document)
    SELECT p_tenant, id, p_auction, position, p_call, p_campaign, target, verdict, p_opened_at, offered_to,
        offered_until, document::json
    FROM unnest(p_ids, p_targets, p_verdicts, p_offered_to, p_offered_until, p_documents) WITH ORDINALITY
        AS w (id, target, verdict, offered_to, offered_until, document, position)
    ON CONFLICT (tenant_id, auction_id, position) DO NOTHING;
END $$;

-- As `callcore_save`, with an auction. The counters beside the calls still come last.
CREATE FUNCTION callcore_save_with_auction(
    p_tenant uuid, p_call uuid, p_expected bigint, p_campaign uuid, p_buyer uuid, p_status text, p_ended boolean,
    p_started_at timestamptz, p_caller text, p_leases text[], p_tags text, p_document text,
    p_step text, p_fact text, p_decision text,
    p_tally_campaigns uuid[], p_tally_buyers uuid[], p_offered bigint[], p_answered bigint[], p_converted bigint[],
    p_ended_at timestamptz[],
    p_contact_caller text, p_contact_campaigns uuid[], p_contact_buyers uuid[],
    p_connected_at timestamptz[], p_converted_at timestamptz[],
    p_release_attempts bigint[], p_refunds boolean[],
    p_auction uuid, p_auction_call uuid, p_auction_campaign uuid, p_opened_at timestamptz, p_bids_for text,
    p_request text, p_log text,
    p_ids uuid[], p_targets uuid[], p_verdicts text[], p_offered_to text[], p_offered_until timestamptz[],
    p_responses text[]
) RETURNS boolean
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    IF NOT callcore_save(p_tenant, p_call, p_expected, p_campaign, p_buyer, p_status, p_ended, p_started_at, p_caller,
        p_leases, p_tags, p_document, p_step, p_fact, p_decision, '{}', '{}', '{}', '{}', '{}', '{}',
        NULL, '{}', '{}', '{}', '{}', p_release_attempts, p_refunds)
    THEN
        RETURN false;
    END IF;
    PERFORM callcore_put_auction(p_tenant, p_auction_call, p_auction, p_auction_campaign, p_opened_at, p_bids_for,
        p_request, p_log, p_ids, p_targets, p_verdicts, p_offered_to, p_offered_until, p_responses);
    PERFORM callcore_grow(p_tenant, p_tally_campaigns, p_tally_buyers, p_offered, p_answered, p_converted, p_ended_at,
        p_contact_caller, p_contact_campaigns, p_contact_buyers, p_connected_at, p_converted_at);
    RETURN true;
END $$;

-- A bid is taken again in the campaign that it was made for, and in no other.

-- Serves the function of the release before as well, which then reads all bids on a caller.
DROP INDEX rtb_bid_responses_offered;
CREATE INDEX rtb_bid_responses_offered ON rtb_bid_responses
    (tenant_id, offered_to, campaign_id, target_id, opened_at DESC, auction_id DESC, position DESC)
    WHERE offered_to IS NOT NULL;

-- As the function of the same name, with the campaign whose bids are wanted. The other one stays for servers that are
-- not up to date while a database already is.
CREATE FUNCTION callcore_look_with_auction(
    p_tenant uuid, p_call uuid, p_step text, p_now timestamptz,
    p_scopes text[], p_windows text[], p_offsets_secs int[], p_changes_at timestamptz[], p_changed_secs int[],
    p_caller text, p_campaign uuid, p_buyers uuid[], p_bids_for text, p_targets uuid[],
    p_bids_campaign uuid,
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
            -- Its newest bid in the campaign, whatever came of it: an older one that still holds is superseded.
            SELECT document, offered_until FROM rtb_bid_responses
            WHERE tenant_id = p_tenant AND offered_to = p_bids_for AND campaign_id = p_bids_campaign
                AND target_id = w.target
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

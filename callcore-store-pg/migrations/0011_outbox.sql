-- Deliveries in two lanes, so that neither waits for the other; settlements of many tries at once, of which only that of
-- the newest try counts; and deliveries that are over, which are forgotten some day.

-- Servers of the release before write deliveries without a lane, which the trigger below finds out.
ALTER TABLE outbox ADD COLUMN lane text COLLATE "C" NOT NULL DEFAULT 'tenants';

-- Whom a delivery is sent to. Documents are written without spaces, and inside of a text the quotation marks would be
-- escaped. No operator of JSON would do: none reads a text with the character 0.
CREATE FUNCTION callcore_lane() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.lane := CASE WHEN strpos(NEW.document::text, '"kind":"http"') > 0 THEN 'tenants' ELSE 'carrier' END;
    RETURN NEW;
END $$;
CREATE TRIGGER outbox_lane BEFORE INSERT ON outbox FOR EACH ROW EXECUTE FUNCTION callcore_lane();

-- Of all tenants: this runs as the owner, whom the gate of the last migration lets through.
UPDATE outbox SET lane = 'carrier' WHERE status = 'waiting' AND strpos(document::text, '"kind":"http"') = 0;

CREATE INDEX outbox_due_in_lanes ON outbox (lane, tenant_id, due_at) WHERE status = 'waiting';
CREATE INDEX outbox_ended ON outbox (updated_at) WHERE status <> 'waiting';
CALL callcore_gate('outbox', 'DELETE');

-- As `callcore_claim`, of one lane and of no tenant more than there is room for; `p_underway` says how many each of
-- `p_tenants` has underway already. Tells the age of each delivery too, by the clock that counts.
CREATE FUNCTION callcore_claim_in_lane(
    p_lane text, p_limit bigint, p_of_one bigint, p_tenants uuid[], p_underway bigint[],
    p_now timestamptz, p_lasts_micros bigint
) RETURNS TABLE (
    o_tenant uuid, o_id uuid, o_call uuid, o_attempt bigint, o_age_micros bigint, o_delivery text
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path FROM CURRENT
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    v_now timestamptz := coalesce(p_now, clock_timestamp());
BEGIN
    RETURN QUERY
    WITH RECURSIVE waiting (tenant_id) AS (
        -- From one tenant to the next, however much each has.
        (SELECT o.tenant_id FROM outbox AS o WHERE o.status = 'waiting' AND o.lane = p_lane
        ORDER BY o.tenant_id LIMIT 1)
        UNION ALL
        SELECT (SELECT o.tenant_id FROM outbox AS o
            WHERE o.status = 'waiting' AND o.lane = p_lane AND o.tenant_id > w.tenant_id
            ORDER BY o.tenant_id LIMIT 1)
        FROM waiting AS w WHERE w.tenant_id IS NOT NULL
    ), rooms AS MATERIALIZED (
        SELECT w.tenant_id, greatest(0, p_of_one - coalesce(
            (SELECT u.underway FROM unnest(p_tenants, p_underway) AS u (tenant, underway)
            WHERE u.tenant = w.tenant_id), 0)) AS room
        FROM waiting AS w WHERE w.tenant_id IS NOT NULL
    ), found AS MATERIALIZED (
        -- Somewhat more than are wanted, where the room is for that: what somebody else is claiming is passed over.
        SELECT f.* FROM rooms AS r CROSS JOIN LATERAL (
            SELECT o.tenant_id, o.id, o.due_at, o.created_at, o.call_id, o.position FROM outbox AS o
            WHERE o.status = 'waiting' AND o.lane = p_lane AND o.tenant_id = r.tenant_id AND o.due_at <= v_now
            ORDER BY o.due_at, o.created_at, o.call_id, o.position
            LIMIT CASE WHEN r.room >= p_limit THEN 2 * least(p_limit, 1000000) + 64 ELSE r.room END
        ) AS f
        ORDER BY f.due_at, f.created_at, f.tenant_id, f.call_id, f.position LIMIT 2 * least(p_limit, 1000000) + 64
    ), due AS MATERIALIZED (
        SELECT o.tenant_id, o.id, f.due_at, f.created_at, f.call_id, f.position
        FROM found AS f JOIN outbox AS o ON o.tenant_id = f.tenant_id AND o.id = f.id
        WHERE o.status = 'waiting' AND o.due_at <= v_now
        ORDER BY f.due_at, f.created_at, f.tenant_id, f.call_id, f.position
        LIMIT p_limit FOR UPDATE OF o SKIP LOCKED
    ), claimed AS (
        UPDATE outbox AS o SET attempts = o.attempts + 1, updated_at = v_now,
            due_at = v_now + p_lasts_micros * interval '1 microsecond'
        FROM due WHERE o.tenant_id = due.tenant_id AND o.id = due.id
        RETURNING o.tenant_id, o.id, o.call_id, o.attempts, o.document::text AS document,
            due.due_at, o.created_at, o.position
    )
    SELECT c.tenant_id, c.id, c.call_id, c.attempts,
        (extract(epoch FROM v_now - c.created_at) * 1000000)::bigint, c.document
    FROM claimed AS c
    ORDER BY c.due_at, c.created_at, c.tenant_id, c.call_id, c.position;
END $$;
REVOKE EXECUTE ON FUNCTION callcore_claim_in_lane(text, bigint, bigint, uuid[], bigint[], timestamptz, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION callcore_claim_in_lane(text, bigint, bigint, uuid[], bigint[], timestamptz, bigint) TO callcore_app;

-- Notes what came of tries, all or none. One of an earlier try than the newest changes nothing. A `p_documents` that is
-- not nothing takes the place of the delivery's.
CREATE FUNCTION callcore_settle_all(
    p_tenants uuid[], p_ids uuid[], p_attempts bigint[], p_statuses text[], p_reasons text[],
    p_after_micros bigint[], p_documents text[], p_now timestamptz
) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_now timestamptz := coalesce(p_now, clock_timestamp());
    v_one record;
BEGIN
    -- In one order of locks, whoever settles at the same moment.
    FOR v_one IN
        SELECT * FROM unnest(p_tenants, p_ids, p_attempts, p_statuses, p_reasons, p_after_micros, p_documents)
            AS s (tenant, id, attempt, status, reason, after_micros, document)
        ORDER BY tenant, id
    LOOP
        PERFORM set_config('callcore.tenant', v_one.tenant::text, true);
        UPDATE outbox SET status = v_one.status, reason = v_one.reason, updated_at = v_now,
            due_at = CASE WHEN v_one.after_micros IS NULL THEN due_at
                ELSE v_now + v_one.after_micros * interval '1 microsecond' END,
            document = coalesce(v_one.document::json, document)
        WHERE tenant_id = v_one.tenant AND id = v_one.id AND attempts = v_one.attempt AND status = 'waiting';
    END LOOP;
END $$;

-- Forgets deliveries of all tenants that were over for so long, the oldest first, and answers how many they were.
CREATE FUNCTION callcore_forget_deliveries(p_now timestamptz, p_older_micros bigint, p_limit bigint) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path FROM CURRENT
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    v_before timestamptz := coalesce(p_now, clock_timestamp()) - p_older_micros * interval '1 microsecond';
    v_count bigint;
BEGIN
    DELETE FROM outbox AS o
    USING (
        SELECT tenant_id, id FROM outbox WHERE status <> 'waiting' AND updated_at < v_before
        ORDER BY updated_at, tenant_id, id LIMIT p_limit FOR UPDATE SKIP LOCKED
    ) AS old
    WHERE o.tenant_id = old.tenant_id AND o.id = old.id;
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END $$;
REVOKE EXECUTE ON FUNCTION callcore_forget_deliveries(timestamptz, bigint, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION callcore_forget_deliveries(timestamptz, bigint, bigint) TO callcore_app;

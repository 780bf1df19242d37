-- For every counter `used` is the number of its reservation_items; both change in one transaction, under the counter's
-- lock. Half of each page stays free, so that a hot counter is updated in place.
CREATE TABLE cap_counters (
    tenant_id   uuid NOT NULL,
    scope       text COLLATE "C" NOT NULL,
    window_kind text COLLATE "C" NOT NULL,
    window_key  text COLLATE "C" NOT NULL,
    used        integer NOT NULL CHECK (used >= 0),
    PRIMARY KEY (tenant_id, scope, window_kind, window_key)
) WITH (fillfactor = 50);

-- One row per dial attempt, kept after its release as the answer to a repeated reservation. No foreign key to calls: a
-- place is reserved before the call is first saved.
CREATE TABLE reservations (
    tenant_id   uuid NOT NULL,
    call_id     uuid NOT NULL,
    attempt     bigint NOT NULL,
    lease_id    uuid NOT NULL,
    buyer_id    uuid NOT NULL,
    granted_at  timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL,
    passed_over jsonb NOT NULL,
    -- Until it is released or swept.
    open        boolean NOT NULL,
    PRIMARY KEY (tenant_id, call_id, attempt)
);
CREATE INDEX reservations_open ON reservations (granted_at) WHERE open;

-- The places that an attempt still has; giving one back deletes its row.
CREATE TABLE reservation_items (
    tenant_id   uuid NOT NULL,
    call_id     uuid NOT NULL,
    attempt     bigint NOT NULL,
    scope       text COLLATE "C" NOT NULL,
    window_kind text COLLATE "C" NOT NULL,
    window_key  text COLLATE "C" NOT NULL,
    expires_at  timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, call_id, attempt, scope, window_kind, window_key),
    FOREIGN KEY (tenant_id, call_id, attempt) REFERENCES reservations (tenant_id, call_id, attempt),
    FOREIGN KEY (tenant_id, scope, window_kind, window_key)
        REFERENCES cap_counters (tenant_id, scope, window_kind, window_key)
);
CREATE INDEX reservation_items_live ON reservation_items (tenant_id, scope, expires_at)
    WHERE window_kind = 'concurrent';

CALL callcore_wall('cap_counters');
CALL callcore_wall('reservations');
CALL callcore_wall('reservation_items');
-- The sweep finds and locks leases over all tenants, and then works as each of these.
CALL callcore_gate('reservations', 'SELECT');
CALL callcore_gate('reservations', 'UPDATE');
GRANT SELECT, INSERT, UPDATE ON cap_counters, reservations TO callcore_app;
GRANT SELECT, INSERT, DELETE ON reservation_items TO callcore_app;

-- An attempt with its lease, as `calls.leases` has them.
CREATE FUNCTION callcore_lease(p_attempt bigint, p_lease uuid) RETURNS text
LANGUAGE sql IMMUTABLE AS $$ SELECT p_attempt || '/' || replace(p_lease::text, '-', '') $$;

-- Gives back what attempts hold: their concurrency places, and with a refund the others. What was given back before is
-- not there to be given back. Locks further counters as well, where the caller goes on to take places under them: all
-- counters of a transaction are locked here, by one ordered statement, so that nobody waits in a circle.
CREATE FUNCTION callcore_give_back(
    p_tenant uuid, p_calls uuid[], p_attempts bigint[], p_refunds boolean[],
    p_scopes text[], p_kinds text[], p_keys text[]
) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_reservations tid[];
    v_items tid[];
    v_counters tid[];
    v_places int[];
BEGIN
    PERFORM 1 FROM (
        SELECT * FROM unnest(p_calls, p_attempts) AS back (call_id, attempt) ORDER BY call_id, attempt
    ) AS back CROSS JOIN LATERAL (
        SELECT 1 FROM reservations AS r
        WHERE r.tenant_id = p_tenant AND r.call_id = back.call_id AND r.attempt = back.attempt FOR NO KEY UPDATE
    ) AS locked;
    SELECT coalesce(array_agg(r.ctid) FILTER (WHERE r.open), '{}') INTO v_reservations
    FROM unnest(p_calls, p_attempts) AS back (call_id, attempt)
    CROSS JOIN LATERAL (
        SELECT ctid, open FROM reservations
        WHERE tenant_id = p_tenant AND call_id = back.call_id AND attempt = back.attempt OFFSET 0
    ) AS r;
    SELECT coalesce(array_agg(i.ctid), '{}'), p_scopes || array_agg(i.scope), p_kinds || array_agg(i.window_kind),
        p_keys || array_agg(i.window_key)
    INTO v_items, p_scopes, p_kinds, p_keys
    FROM unnest(p_calls, p_attempts, p_refunds) AS back (call_id, attempt, refund)
    CROSS JOIN LATERAL (
        SELECT ctid, scope, window_kind, window_key FROM reservation_items
        WHERE tenant_id = p_tenant AND call_id = back.call_id AND attempt = back.attempt
            AND (back.refund OR window_kind = 'concurrent') OFFSET 0
    ) AS i;
    PERFORM 1 FROM (
        SELECT DISTINCT * FROM unnest(p_scopes, p_kinds, p_keys) AS w (scope, kind, key) ORDER BY scope, kind, key
    ) AS w CROSS JOIN LATERAL (
        SELECT 1 FROM cap_counters AS c
        WHERE c.tenant_id = p_tenant AND c.scope = w.scope AND c.window_kind = w.kind AND c.window_key = w.key
        FOR NO KEY UPDATE
    ) AS locked;
    IF v_reservations <> '{}' THEN
        UPDATE reservations SET open = false WHERE tenant_id = p_tenant AND ctid = ANY (v_reservations);
    END IF;
    IF v_items <> '{}' THEN
        WITH gone AS (
            DELETE FROM reservation_items WHERE tenant_id = p_tenant AND ctid = ANY (v_items)
            RETURNING scope, window_kind, window_key
        )
        SELECT array_agg(c.ctid), array_agg(freed.places) INTO v_counters, v_places
        FROM (SELECT scope, window_kind, window_key, count(*)::int AS places FROM gone
            GROUP BY scope, window_kind, window_key) AS freed
        CROSS JOIN LATERAL (
            SELECT ctid FROM cap_counters WHERE tenant_id = p_tenant AND scope = freed.scope
                AND window_kind = freed.window_kind AND window_key = freed.window_key OFFSET 0
        ) AS c;
        UPDATE cap_counters AS c SET used = c.used - v_places[array_position(v_counters, c.ctid)]
        WHERE c.tenant_id = p_tenant AND c.ctid = ANY (v_counters);
    END IF;
END $$;

-- Releases and reservations of one tenant, at most one of each call.
--
-- First the counters are read without a lock, and on paper each reservation gets its first claim that fits. Then the
-- counters that this needs are locked, read again and dealt out again. Where the second deal needs a counter that is
-- not locked, all locks are given up and more are taken. So nobody waits in a circle, nothing is granted beyond a
-- limit, and a claim is passed over only if a cap of it was full.
--
-- A place is what a cap counts in: `p_twins` is the place before it with the same cap in another zone (0 for none),
-- which may turn out to be the same counter. Claims and caps are cut into their reservations and claims by the number
-- of the last one in each.
CREATE FUNCTION callcore_capacity(
    p_tenant uuid, p_now timestamptz,
    p_calls uuid[], p_attempts bigint[], p_leases uuid[], p_lease_secs bigint[], p_last_claims int[],
    p_buyers uuid[], p_last_caps int[],
    p_cap_places int[], p_limits int[],
    p_scopes text[], p_kinds text[], p_docs text[], p_twins int[],
    p_offsets_secs int[], p_changes_at timestamptz[], p_changed_secs int[],
    p_back_calls uuid[], p_back_attempts bigint[], p_back_refunds boolean[]
) RETURNS TABLE (
    o_outcome text, o_buyer uuid, o_lease uuid, o_at timestamptz, o_expires_at timestamptz, o_passed_over text
)
LANGUAGE plpgsql VOLATILE SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    v_now timestamptz := coalesce(p_now, clock_timestamp());
    v_items int := cardinality(p_calls);
    v_places int := cardinality(p_scopes);
    v_keys text[] := '{}';
    v_slots int[] := '{}';
    v_firsts int[] := '{}';
    v_states text[];
    v_before int[];
    v_used int[];
    v_missing boolean[];
    v_locked boolean[];
    v_stamps int[];
    v_picks int[];
    v_full int[];
    v_try int := 0;
    v_again boolean;
    v_chosen boolean;
    v_slot int;
    v_twin int;
    v_claim int;
    v_cap int;
    v_granted int[];
    v_item_of int[];
    v_slot_of int[];
    v_counters tid[];
    v_taken int[];
    v_count int;
BEGIN
    PERFORM set_config('callcore.tenant', p_tenant::text, true);
    IF v_items = 0 THEN
        PERFORM callcore_give_back(p_tenant, p_back_calls, p_back_attempts, p_back_refunds, '{}', '{}', '{}');
        RETURN;
    END IF;
    PERFORM pg_advisory_xact_lock_shared(door)
    FROM (SELECT callcore_door(call) AS door FROM unnest(p_calls) AS call ORDER BY door) AS doors;
    FOR i IN 1..v_places LOOP
        v_keys[i] := callcore_window_key(p_kinds[i], v_now, p_offsets_secs[i], p_changes_at[i], p_changed_secs[i]);
        v_slots[i] := i;
        v_twin := p_twins[i];
        WHILE v_twin > 0 LOOP
            IF v_keys[v_twin] = v_keys[i] THEN
                v_slots[i] := v_slots[v_twin];
                EXIT;
            END IF;
            v_twin := p_twins[v_twin];
        END LOOP;
    END LOOP;
    FOR i IN 1..v_items LOOP
        v_firsts[i] := CASE WHEN i > 1 THEN p_last_claims[i - 1] + 1 ELSE 1 END;
    END LOOP;
    v_locked := array_fill(false, ARRAY[v_places]);

    LOOP
        v_again := false;
        BEGIN
            IF v_try > 0 THEN
                INSERT INTO cap_counters (tenant_id, scope, window_kind, window_key, used)
                SELECT p_tenant, scope, kind, key, 0
                FROM unnest(p_scopes, p_kinds, v_keys, v_missing, v_locked) AS w (scope, kind, key, missing, locked)
                WHERE missing AND locked
                ORDER BY scope, kind, key
                ON CONFLICT DO NOTHING;
                PERFORM callcore_give_back(p_tenant, p_back_calls, p_back_attempts, p_back_refunds,
                    array_agg(scope), array_agg(kind), array_agg(key))
                FROM unnest(p_scopes, p_kinds, v_keys, v_locked) AS w (scope, kind, key, locked)
                WHERE locked;
            END IF;

            -- What is known of these calls and attempts.
            SELECT array_agg(CASE WHEN c.ended THEN 'ended' WHEN r.call_id IS NOT NULL THEN 'known' ELSE 'open' END
                ORDER BY w.ordinality)
            INTO v_states
            FROM unnest(p_calls, p_attempts) WITH ORDINALITY AS w (call_id, attempt, ordinality)
            LEFT JOIN LATERAL (
                SELECT ended FROM calls WHERE tenant_id = p_tenant AND id = w.call_id OFFSET 0
            ) AS c ON true
            LEFT JOIN LATERAL (
                SELECT call_id FROM reservations
                WHERE tenant_id = p_tenant AND call_id = w.call_id AND attempt = w.attempt OFFSET 0
            ) AS r ON true;

            -- What is taken: without leases that ran out, and without what is about to be given back.
            IF v_places > 0 THEN
                WITH back AS MATERIALIZED (
                    SELECT i.call_id, i.attempt, i.scope, i.window_kind, i.window_key
                    FROM unnest(p_back_calls, p_back_attempts, p_back_refunds) AS b (call_id, attempt, refund)
                    CROSS JOIN LATERAL (
                        SELECT * FROM reservation_items
                        WHERE tenant_id = p_tenant AND call_id = b.call_id AND attempt = b.attempt
                            AND (b.refund OR window_kind = 'concurrent') OFFSET 0
                    ) AS i
                )
                SELECT array_agg(greatest(coalesce(n.used, 0) - x.expired - x.back, 0)::int ORDER BY w.ordinality),
                    -- A counter that is made in a try is gone with it.
                    coalesce(v_missing, array_agg(n.used IS NULL ORDER BY w.ordinality))
                INTO v_before, v_missing
                FROM unnest(p_scopes, p_kinds, v_keys) WITH ORDINALITY AS w (scope, kind, key, ordinality)
                LEFT JOIN LATERAL (
                    SELECT used FROM cap_counters
                    WHERE tenant_id = p_tenant AND scope = w.scope AND window_kind = w.kind AND window_key = w.key
                    OFFSET 0
                ) AS n ON true
                CROSS JOIN LATERAL (
                    SELECT
                        CASE WHEN w.kind = 'concurrent' THEN (
                            SELECT count(*) FROM reservation_items AS i
                            WHERE i.tenant_id = p_tenant AND i.scope = w.scope AND i.window_kind = 'concurrent'
                            AND i.expires_at <= v_now
                            AND (i.call_id, i.attempt) NOT IN (SELECT call_id, attempt FROM back))
                        ELSE 0 END AS expired,
                        (SELECT count(*) FROM back
                         WHERE scope = w.scope AND window_kind = w.kind AND window_key = w.key) AS back
                ) AS x;
            ELSE
                v_before := '{}';
            END IF;

            -- The deal.
            v_used := v_before;
            v_stamps := array_fill(0, ARRAY[v_places]);
            v_picks := array_fill(0, ARRAY[v_items]);
            v_full := array_fill(0, ARRAY[cardinality(p_buyers)]);
            v_chosen := false;
            FOR i IN 1..v_items LOOP
                IF v_states[i] = 'open' THEN
                    FOR j IN v_firsts[i]..p_last_claims[i] LOOP
                        v_cap := CASE WHEN j > 1 THEN p_last_caps[j - 1] + 1 ELSE 1 END;
                        FOR k IN v_cap..p_last_caps[j] LOOP
                            IF v_used[v_slots[p_cap_places[k]]] >= p_limits[k] THEN
                                v_full[j] := k;
                                EXIT;
                            END IF;
                        END LOOP;
                        CONTINUE WHEN v_full[j] > 0;
                        v_picks[i] := j;
                        v_chosen := true;
                        FOR k IN v_cap..p_last_caps[j] LOOP
                            v_slot := v_slots[p_cap_places[k]];
                            -- A cap that stands twice in a claim takes one place.
                            IF v_stamps[v_slot] <> i THEN
                                v_stamps[v_slot] := i;
                                v_used[v_slot] := v_used[v_slot] + 1;
                                v_again := v_again OR NOT v_locked[v_slot];
                            END IF;
                        END LOOP;
                        EXIT;
                    END LOOP;
                END IF;
            END LOOP;

            IF v_try = 0 THEN
                EXIT WHEN NOT v_chosen AND p_back_calls = '{}';
                v_again := true;
            END IF;
            IF v_again THEN
                FOR i IN 1..v_places LOOP
                    v_locked[i] := v_locked[i] OR v_used[i] > v_before[i] OR (v_try >= 3 AND v_slots[i] = i);
                END LOOP;
                IF v_try > 0 THEN
                    RAISE EXCEPTION USING ERRCODE = 'CC001';
                END IF;
            ELSE
                -- What was dealt is written.
                v_granted := '{}';
                v_item_of := '{}';
                v_slot_of := '{}';
                FOR i IN 1..v_items LOOP
                    CONTINUE WHEN v_picks[i] = 0;
                    v_granted := v_granted || i;
                    v_claim := v_picks[i];
                    v_cap := CASE WHEN v_claim > 1 THEN p_last_caps[v_claim - 1] + 1 ELSE 1 END;
                    FOR k IN v_cap..p_last_caps[v_claim] LOOP
                        v_item_of := v_item_of || i;
                        v_slot_of := v_slot_of || v_slots[p_cap_places[k]];
                    END LOOP;
                END LOOP;
                INSERT INTO reservations (tenant_id, call_id, attempt, lease_id, buyer_id, granted_at, expires_at,
                    passed_over, open)
                SELECT p_tenant, p_calls[i], p_attempts[i], p_leases[i], p_buyers[v_picks[i]], v_now,
                    v_now + make_interval(secs => p_lease_secs[i]),
                    CASE WHEN v_picks[i] > v_firsts[i] THEN
                        callcore_passed_over(p_buyers, p_docs, p_cap_places, v_full, v_firsts[i], v_picks[i] - 1)
                    ELSE '[]' END, true
                FROM unnest(v_granted) AS i
                ORDER BY p_calls[i], p_attempts[i]
                ON CONFLICT DO NOTHING;
                GET DIAGNOSTICS v_count = ROW_COUNT;
                IF v_count < cardinality(v_granted) THEN
                    -- Another server granted one of them meanwhile.
                    RAISE EXCEPTION USING ERRCODE = 'CC001';
                END IF;
                IF v_item_of <> '{}' THEN
                    SELECT array_agg(c.ctid), array_agg(w.used - w.before) INTO v_counters, v_taken
                    FROM unnest(p_scopes, p_kinds, v_keys, v_used, v_before) AS w (scope, kind, key, used, before)
                    CROSS JOIN LATERAL (
                        SELECT ctid FROM cap_counters WHERE tenant_id = p_tenant AND scope = w.scope
                            AND window_kind = w.kind AND window_key = w.key OFFSET 0
                    ) AS c
                    WHERE w.used > w.before;
                    UPDATE cap_counters AS c SET used = c.used + v_taken[array_position(v_counters, c.ctid)]
                    WHERE c.tenant_id = p_tenant AND c.ctid = ANY (v_counters);
                    INSERT INTO reservation_items (tenant_id, call_id, attempt, scope, window_kind, window_key,
                        expires_at)
                    SELECT DISTINCT p_tenant, p_calls[i], p_attempts[i], p_scopes[s], p_kinds[s], v_keys[s],
                        v_now + make_interval(secs => p_lease_secs[i])
                    FROM unnest(v_item_of, v_slot_of) AS w (i, s);
                END IF;
                EXIT;
            END IF;
        EXCEPTION WHEN SQLSTATE 'CC001' THEN
            -- The locks of this try are gone.
            NULL;
        END;
        v_try := v_try + 1;
        IF v_try > 20 THEN
            RAISE EXCEPTION 'the counters do not stand still' USING ERRCODE = 'serialization_failure';
        END IF;
    END LOOP;

    RETURN QUERY
    SELECT CASE WHEN v_states[w.i] = 'ended' THEN 'ended' WHEN r.call_id IS NOT NULL THEN 'held' ELSE 'full' END,
        r.buyer_id, r.lease_id, r.granted_at, r.expires_at,
        coalesce(r.passed_over,
            callcore_passed_over(p_buyers, p_docs, p_cap_places, v_full, v_firsts[w.i], p_last_claims[w.i]))::text
    FROM generate_series(1, v_items) AS w (i)
    LEFT JOIN LATERAL (
        SELECT * FROM reservations
        WHERE tenant_id = p_tenant AND call_id = p_calls[w.i] AND attempt = p_attempts[w.i] OFFSET 0
    ) AS r ON true
    ORDER BY w.i;
END $$;

-- The claims of a stretch, each with its full cap, as callcore writes them.
CREATE FUNCTION callcore_passed_over(
    p_buyers uuid[], p_docs text[], p_cap_places int[], p_full int[], p_first int, p_last int
) RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN p_first > p_last THEN '[]'::jsonb ELSE (
        SELECT coalesce(jsonb_agg(jsonb_build_array(p_buyers[j], p_docs[p_cap_places[p_full[j]]]::jsonb) ORDER BY j), '[]')
        FROM generate_series(p_first, p_last) AS j WHERE p_full[j] > 0)
    END
$$;

CREATE FUNCTION callcore_held(p_tenant uuid, p_now timestamptz) RETURNS bigint
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM set_config('callcore.tenant', p_tenant::text, true);
    RETURN (SELECT count(*) FROM reservation_items WHERE tenant_id = p_tenant AND window_kind = 'concurrent'
        AND expires_at > coalesce(p_now, clock_timestamp()));
END $$;

-- Frees some of the leases that are dead, of all tenants: those that no saved call knows of after a minute, which are
-- refunded, those whose call is over, and those that ran out. Without `p_timely` the clock is not trusted, and only those
-- whose call is over are freed. Several may sweep at once: each passes over the leases that another holds.
CREATE FUNCTION callcore_sweep(
    p_now timestamptz, p_timely boolean, p_limit int,
    OUT o_expired bigint, OUT o_ended bigint, OUT o_orphaned bigint
) LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path FROM CURRENT
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    v_now timestamptz := coalesce(p_now, clock_timestamp());
    v_tenants uuid[];
    v_calls uuid[];
    v_attempts bigint[];
    v_why text[];
    v_tenant uuid;
BEGIN
    SELECT coalesce(array_agg(tenant_id), '{}'), coalesce(array_agg(call_id), '{}'),
        coalesce(array_agg(attempt), '{}'), coalesce(array_agg(why), '{}')
    INTO v_tenants, v_calls, v_attempts, v_why
    FROM (
        SELECT r.tenant_id, r.call_id, r.attempt, d.why
        FROM reservations AS r
        LEFT JOIN LATERAL (
            SELECT ended, leases FROM calls WHERE tenant_id = r.tenant_id AND id = r.call_id OFFSET 0
        ) AS c ON true
        CROSS JOIN LATERAL (
            -- Whoever never dialled gets everything back, and so is freed for no other reason, however short its lease.
            SELECT CASE
                WHEN NOT coalesce(callcore_lease(r.attempt, r.lease_id) = ANY (c.leases), false)
                THEN CASE WHEN p_timely AND r.granted_at < v_now - interval '1 minute' THEN 'orphaned' END
                WHEN c.ended THEN 'ended'
                WHEN p_timely AND r.expires_at <= v_now THEN 'expired'
            END AS why
        ) AS d
        WHERE r.open AND d.why IS NOT NULL
        LIMIT p_limit FOR UPDATE OF r SKIP LOCKED
    ) AS dead;
    FOR v_tenant IN SELECT DISTINCT tenant FROM unnest(v_tenants) AS tenant ORDER BY tenant LOOP
        PERFORM set_config('callcore.tenant', v_tenant::text, true);
        PERFORM callcore_give_back(v_tenant, array_agg(call), array_agg(attempt), array_agg(why = 'orphaned'),
            '{}', '{}', '{}')
        FROM unnest(v_tenants, v_calls, v_attempts, v_why) AS dead (tenant, call, attempt, why)
        WHERE tenant = v_tenant;
    END LOOP;
    PERFORM set_config('callcore.tenant', '', true);
    SELECT count(*) FILTER (WHERE why = 'expired'), count(*) FILTER (WHERE why = 'ended'),
        count(*) FILTER (WHERE why = 'orphaned')
    INTO o_expired, o_ended, o_orphaned FROM unnest(v_why) AS why;
END $$;
REVOKE EXECUTE ON FUNCTION callcore_sweep(timestamptz, boolean, int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION callcore_sweep(timestamptz, boolean, int) TO callcore_app;

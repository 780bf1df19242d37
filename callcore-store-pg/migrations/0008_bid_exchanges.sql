-- What was said to a target in an auction and what it answered: large, rarely read, and never listed. Apart from what
-- became of the target, which is written anew with each step of the call, while these are only added to.
CREATE TABLE rtb_bid_exchanges (
    tenant_id  uuid NOT NULL,
    auction_id uuid NOT NULL,
    target_id  uuid NOT NULL,
    -- `bid` or `confirm`.
    purpose    text COLLATE "C" NOT NULL,
    document   json NOT NULL,
    PRIMARY KEY (tenant_id, auction_id, target_id, purpose),
    FOREIGN KEY (tenant_id, auction_id) REFERENCES rtb_bid_requests (tenant_id, id) ON DELETE CASCADE
);
CALL callcore_wall('rtb_bid_exchanges');
GRANT SELECT, INSERT, UPDATE ON rtb_bid_exchanges TO callcore_app;

-- Adds to what was said in an auction; the same target and purpose replace what was there.
CREATE FUNCTION callcore_put_exchanges(
    p_tenant uuid, p_auction uuid, p_targets uuid[], p_purposes text[], p_documents text[]
) RETURNS void
LANGUAGE plpgsql VOLATILE SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
BEGIN
    INSERT INTO rtb_bid_exchanges (tenant_id, auction_id, target_id, purpose, document)
    SELECT p_tenant, p_auction, target, purpose, document::json
    FROM unnest(p_targets, p_purposes, p_documents) AS w (target, purpose, document)
    ON CONFLICT (tenant_id, auction_id, target_id, purpose) DO UPDATE SET document = excluded.document;
END $$;

-- As the function of the same name, with what was said to targets. The counters beside the calls still come last. The
-- other one stays for servers that are not up to date while a database already is.
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
    p_responses text[],
    p_exchange_targets uuid[], p_purposes text[], p_exchanges text[]
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
    IF p_exchange_targets <> '{}' THEN
        PERFORM callcore_put_exchanges(p_tenant, p_auction, p_exchange_targets, p_purposes, p_exchanges);
    END IF;
    PERFORM callcore_grow(p_tenant, p_tally_campaigns, p_tally_buyers, p_offered, p_answered, p_converted, p_ended_at,
        p_contact_caller, p_contact_campaigns, p_contact_buyers, p_connected_at, p_converted_at);
    RETURN true;
END $$;

-- A bid is taken again in the campaign that it was made for, and in no other.
DROP INDEX rtb_bid_responses_offered;
CREATE INDEX rtb_bid_responses_offered
    ON rtb_bid_responses (tenant_id, offered_to, campaign_id, target_id, opened_at DESC, auction_id DESC, position DESC)
    WHERE offered_to IS NOT NULL;

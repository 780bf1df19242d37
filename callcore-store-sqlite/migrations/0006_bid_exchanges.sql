-- What was said to a target in an auction and what it answered: large, rarely read, and never listed. Apart from what
-- became of the target, which is written anew with each step of the call, while these are only added to.
CREATE TABLE rtb_bid_exchanges (
    tenant_id  BLOB NOT NULL,
    auction_id BLOB NOT NULL,
    target_id  BLOB NOT NULL,
    -- `bid` or `confirm`.
    purpose    TEXT NOT NULL,
    document   TEXT NOT NULL,
    PRIMARY KEY (tenant_id, auction_id, target_id, purpose),
    FOREIGN KEY (tenant_id, auction_id) REFERENCES rtb_bid_requests (tenant_id, id) ON DELETE CASCADE
) STRICT;

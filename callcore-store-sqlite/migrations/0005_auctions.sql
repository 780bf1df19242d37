CREATE TABLE rtb_targets (
    tenant_id  BLOB NOT NULL,
    id         BLOB NOT NULL,
    version    INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    document   TEXT NOT NULL,
    PRIMARY KEY (tenant_id, id)
) STRICT;
CREATE INDEX rtb_targets_newest ON rtb_targets (tenant_id, created_at DESC, id DESC);

CREATE TABLE rtb_routers (
    tenant_id  BLOB NOT NULL,
    id         BLOB NOT NULL,
    version    INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    document   TEXT NOT NULL,
    PRIMARY KEY (tenant_id, id)
) STRICT;
CREATE INDEX rtb_routers_newest ON rtb_routers (tenant_id, created_at DESC, id DESC);

-- Repeats what stands in a router's document, so that a target that a router names cannot go.
CREATE TABLE rtb_router_assignments (
    tenant_id BLOB NOT NULL,
    router_id BLOB NOT NULL,
    position  INTEGER NOT NULL,
    target_id BLOB NOT NULL,
    PRIMARY KEY (tenant_id, router_id, position),
    FOREIGN KEY (tenant_id, router_id) REFERENCES rtb_routers (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, target_id) REFERENCES rtb_targets (tenant_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX rtb_router_assignments_by_target ON rtb_router_assignments (tenant_id, target_id);

-- Without a foreign key, which SQLite cannot add over two columns; there is one writer, and it looks before it writes.
-- There were no routers before, so no campaign that is there names one that exists.
ALTER TABLE campaigns ADD COLUMN rtb_router_id BLOB;
CREATE INDEX campaigns_by_router ON campaigns (tenant_id, rtb_router_id) WHERE rtb_router_id IS NOT NULL;

CREATE TABLE campaign_targets (
    tenant_id   BLOB NOT NULL,
    campaign_id BLOB NOT NULL,
    target_id   BLOB NOT NULL,
    -- The order of assignment; two may be made at one instant.
    position    INTEGER NOT NULL,
    version     INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    document    TEXT NOT NULL,
    PRIMARY KEY (tenant_id, campaign_id, target_id),
    UNIQUE (tenant_id, campaign_id, position),
    FOREIGN KEY (tenant_id, campaign_id) REFERENCES campaigns (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, target_id) REFERENCES rtb_targets (tenant_id, id)
) STRICT;
CREATE INDEX campaign_targets_by_target ON campaign_targets (tenant_id, target_id);

-- Campaigns and targets may be deleted; what happened stays.

CREATE TABLE rtb_bid_requests (
    tenant_id   BLOB NOT NULL,
    id          BLOB NOT NULL,
    call_id     BLOB NOT NULL,
    campaign_id BLOB NOT NULL,
    opened_at   INTEGER NOT NULL,
    caller      TEXT,
    document    TEXT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, call_id) REFERENCES calls (tenant_id, id)
) STRICT;
CREATE INDEX rtb_bid_requests_newest ON rtb_bid_requests (tenant_id, opened_at DESC, id DESC);
CREATE INDEX rtb_bid_requests_by_call ON rtb_bid_requests (tenant_id, call_id, opened_at DESC, id DESC);
CREATE INDEX rtb_bid_requests_by_campaign ON rtb_bid_requests (tenant_id, campaign_id, opened_at DESC, id DESC);

CREATE TABLE rtb_bid_responses (
    tenant_id     BLOB NOT NULL,
    id            BLOB NOT NULL,
    auction_id    BLOB NOT NULL,
    -- The order inside the auction, from 1.
    position      INTEGER NOT NULL,
    call_id       BLOB NOT NULL,
    campaign_id   BLOB NOT NULL,
    target_id     BLOB NOT NULL,
    verdict       TEXT NOT NULL,
    opened_at     INTEGER NOT NULL,
    -- The caller, where the target made a bid that may be taken again, and until when.
    offered_to    TEXT,
    offered_until INTEGER,
    document      TEXT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, auction_id, position),
    FOREIGN KEY (tenant_id, auction_id) REFERENCES rtb_bid_requests (tenant_id, id) ON DELETE CASCADE
) STRICT;
CREATE INDEX rtb_bid_responses_newest ON rtb_bid_responses (tenant_id, opened_at DESC, id DESC);
CREATE INDEX rtb_bid_responses_by_call ON rtb_bid_responses (tenant_id, call_id, opened_at DESC, id DESC);
CREATE INDEX rtb_bid_responses_by_campaign ON rtb_bid_responses (tenant_id, campaign_id, opened_at DESC, id DESC);
CREATE INDEX rtb_bid_responses_by_target ON rtb_bid_responses (tenant_id, target_id, opened_at DESC, id DESC);
CREATE INDEX rtb_bid_responses_by_verdict ON rtb_bid_responses (tenant_id, verdict, opened_at DESC, id DESC);
CREATE INDEX rtb_bid_responses_offered
    ON rtb_bid_responses (tenant_id, offered_to, target_id, opened_at DESC, auction_id DESC, position DESC)
    WHERE offered_to IS NOT NULL;

-- The log of each auction, which is large and rarely read.
CREATE TABLE rtb_auction_details (
    tenant_id  BLOB NOT NULL,
    auction_id BLOB NOT NULL,
    document   TEXT NOT NULL,
    PRIMARY KEY (tenant_id, auction_id),
    FOREIGN KEY (tenant_id, auction_id) REFERENCES rtb_bid_requests (tenant_id, id) ON DELETE CASCADE
) STRICT;

-- Who works on a step that is not saved yet. No foreign key to calls: the first step begins before there is one.
CREATE TABLE steps_begun (
    tenant_id BLOB NOT NULL,
    call_id   BLOB NOT NULL,
    step      TEXT NOT NULL,
    until     INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, call_id, step)
) STRICT, WITHOUT ROWID;
CREATE INDEX steps_begun_until ON steps_begun (until);

-- What test calls run: copies of flows' documents that no campaign takes. They are no versions, so that nothing that
-- looks for a version finds one of them.
CREATE TABLE flow_trials (
    tenant_id   BLOB NOT NULL,
    id          BLOB NOT NULL,
    flow_id     BLOB NOT NULL,
    -- From 2147483648, where no version's number is.
    number      INTEGER NOT NULL,
    campaign_id BLOB NOT NULL,
    created_at  INTEGER NOT NULL,
    document    TEXT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, flow_id, number)
) STRICT;

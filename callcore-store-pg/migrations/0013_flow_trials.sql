-- What test calls run: copies of flows' documents that no campaign takes. They are no versions, so that nothing that
-- looks for a version finds one of them, and no server of the last release takes one for a version either.
CREATE TABLE flow_trials (
    tenant_id   uuid NOT NULL,
    id          uuid NOT NULL,
    flow_id     uuid NOT NULL,
    -- From 2147483648, where no version's number is.
    number      bigint NOT NULL,
    campaign_id uuid NOT NULL,
    created_at  timestamptz NOT NULL,
    document    json NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, flow_id, number)
);

CALL callcore_wall('flow_trials');
GRANT SELECT, INSERT, DELETE ON flow_trials TO callcore_app;

-- What is due, by whom it is sent to: requests to addresses of tenants, and everything else, which the carrier is asked for.
-- Documents are written without spaces, and inside of a text the quotation marks would be escaped.
CREATE INDEX outbox_due_in_lanes ON outbox ((instr(document, '"kind":"http"') > 0), tenant_id, due_at)
    WHERE status = 'waiting';
DROP INDEX outbox_due;

-- What is over is forgotten some day.
CREATE INDEX outbox_ended ON outbox (updated_at) WHERE status <> 'waiting';

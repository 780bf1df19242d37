-- For every counter `used` is the number of its reservation_items; both change in one transaction.
CREATE TABLE cap_counters (
    tenant_id   BLOB NOT NULL,
    scope       TEXT NOT NULL,
    window_kind TEXT NOT NULL,
    window_key  TEXT NOT NULL,
    used        INTEGER NOT NULL CHECK (used >= 0),
    PRIMARY KEY (tenant_id, scope, window_kind, window_key)
) STRICT, WITHOUT ROWID;

-- One row per dial attempt, kept after its release as the answer to a repeated reservation. No foreign key to calls: a
-- place is reserved before the call is first saved.
CREATE TABLE reservations (
    tenant_id   BLOB NOT NULL,
    call_id     BLOB NOT NULL,
    attempt     INTEGER NOT NULL,
    lease_id    BLOB NOT NULL,
    buyer_id    BLOB NOT NULL,
    granted_at  INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    passed_over TEXT NOT NULL,
    -- 1 until it is released or swept.
    open        INTEGER NOT NULL CHECK (open IN (0, 1)),
    PRIMARY KEY (tenant_id, call_id, attempt)
) STRICT, WITHOUT ROWID;
CREATE INDEX reservations_open ON reservations (open) WHERE open = 1;

-- The places that an attempt still has; giving one back deletes its row.
CREATE TABLE reservation_items (
    tenant_id   BLOB NOT NULL,
    call_id     BLOB NOT NULL,
    attempt     INTEGER NOT NULL,
    scope       TEXT NOT NULL,
    window_kind TEXT NOT NULL,
    window_key  TEXT NOT NULL,
    expires_at  INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, call_id, attempt, scope, window_kind, window_key),
    FOREIGN KEY (tenant_id, call_id, attempt) REFERENCES reservations (tenant_id, call_id, attempt),
    FOREIGN KEY (tenant_id, scope, window_kind, window_key)
        REFERENCES cap_counters (tenant_id, scope, window_kind, window_key)
) STRICT, WITHOUT ROWID;
CREATE INDEX reservation_items_live ON reservation_items (tenant_id, expires_at) WHERE window_kind = 'concurrent';

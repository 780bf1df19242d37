CREATE TABLE tenants (
    tenant_id  BLOB NOT NULL PRIMARY KEY,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE users (
    tenant_id     BLOB NOT NULL REFERENCES tenants (tenant_id),
    id            BLOB NOT NULL,
    username      TEXT NOT NULL,
    -- The name in lower case by Unicode's rules, which SQLite's own NOCASE does not know.
    sign_in_name  TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    created_at    INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id)
) STRICT;

-- What follows names users without a foreign key: the ports take any user id, and one that is nobody's signs nobody in.

CREATE TABLE sessions (
    tenant_id  BLOB NOT NULL,
    id         BLOB NOT NULL,
    user_id    BLOB NOT NULL,
    token_hash BLOB NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL,
    idle_until INTEGER NOT NULL,
    ends_at    INTEGER NOT NULL,
    user_agent TEXT NOT NULL,
    address    TEXT NOT NULL,
    PRIMARY KEY (tenant_id, id)
) STRICT;
CREATE INDEX sessions_newest ON sessions (tenant_id, user_id, created_at DESC, id DESC);

CREATE TABLE api_keys (
    tenant_id  BLOB NOT NULL,
    id         BLOB NOT NULL,
    user_id    BLOB NOT NULL,
    token_hash BLOB NOT NULL UNIQUE,
    name       TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    used_at    INTEGER,
    PRIMARY KEY (tenant_id, id)
) STRICT;
CREATE INDEX api_keys_newest ON api_keys (tenant_id, created_at DESC, id DESC);

CREATE TABLE user_preferences (
    tenant_id BLOB NOT NULL,
    user_id   BLOB NOT NULL,
    document  TEXT NOT NULL,
    PRIMARY KEY (tenant_id, user_id)
) STRICT;

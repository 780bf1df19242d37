CREATE TABLE tenants (
    tenant_id  uuid PRIMARY KEY,
    created_at timestamptz NOT NULL
);

CREATE TABLE users (
    tenant_id     uuid NOT NULL REFERENCES tenants (tenant_id),
    id            uuid NOT NULL,
    username      text NOT NULL,
    -- The name in lower case by Unicode's rules, whatever the database's collation knows of them.
    sign_in_name  text NOT NULL CONSTRAINT users_sign_in_name UNIQUE,
    password_hash text NOT NULL,
    created_at    timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id)
);

-- What follows names users without a foreign key: the ports take any user id, and one that is nobody's signs nobody in.

CREATE TABLE sessions (
    tenant_id  uuid NOT NULL,
    id         uuid NOT NULL,
    user_id    uuid NOT NULL,
    -- Unique over all tenants, so that a token signs in to one of them at the most.
    token_hash bytea NOT NULL CONSTRAINT sessions_token_hash UNIQUE,
    created_at timestamptz NOT NULL,
    seen_at    timestamptz NOT NULL,
    idle_until timestamptz NOT NULL,
    ends_at    timestamptz NOT NULL,
    user_agent text NOT NULL,
    address    text NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX sessions_newest ON sessions (tenant_id, user_id, created_at DESC, id DESC);

CREATE TABLE api_keys (
    tenant_id  uuid NOT NULL,
    id         uuid NOT NULL,
    user_id    uuid NOT NULL,
    token_hash bytea NOT NULL CONSTRAINT api_keys_token_hash UNIQUE,
    name       text NOT NULL,
    created_at timestamptz NOT NULL,
    used_at    timestamptz,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX api_keys_newest ON api_keys (tenant_id, created_at DESC, id DESC);

CREATE TABLE user_preferences (
    tenant_id uuid NOT NULL,
    user_id   uuid NOT NULL,
    document  json NOT NULL,
    PRIMARY KEY (tenant_id, user_id)
);

-- Nobody needs to see tenants and users, least of all the hashes of passwords: the functions below do all that is done
-- with them.
CALL callcore_wall('tenants');
CALL callcore_wall('users');
CALL callcore_wall('sessions');
CALL callcore_wall('api_keys');
CALL callcore_wall('user_preferences');
GRANT SELECT, INSERT, UPDATE, DELETE ON sessions, api_keys, user_preferences TO callcore_app;

-- What follows works before a tenant is known.

CALL callcore_gate('tenants', 'INSERT');
CALL callcore_gate('users', 'SELECT');
CALL callcore_gate('users', 'INSERT');
CALL callcore_gate('sessions', 'SELECT');
CALL callcore_gate('sessions', 'UPDATE');
CALL callcore_gate('api_keys', 'SELECT');
CALL callcore_gate('api_keys', 'UPDATE');

CREATE FUNCTION callcore_is_set_up() RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT EXISTS (SELECT FROM users);
$$;

-- Creates a tenant with its owner. Whether the name is taken shows as a clash with users_sign_in_name.
CREATE FUNCTION callcore_add_tenant(p_tenant uuid, p_user uuid, p_username text, p_sign_in_name text,
    p_password_hash text, p_now timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO tenants (tenant_id, created_at) VALUES (p_tenant, p_now);
    INSERT INTO users (tenant_id, id, username, sign_in_name, password_hash, created_at)
    VALUES (p_tenant, p_user, p_username, p_sign_in_name, p_password_hash, p_now);
END $$;

-- Creates the first tenant with its owner. Answers false where there is a user already.
CREATE FUNCTION callcore_set_up(p_tenant uuid, p_user uuid, p_username text, p_sign_in_name text,
    p_password_hash text, p_now timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    -- Whoever waits here sees the user of whoever was first.
    LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE;
    IF EXISTS (SELECT FROM users) THEN
        RETURN false;
    END IF;
    PERFORM callcore_add_tenant(p_tenant, p_user, p_username, p_sign_in_name, p_password_hash, p_now);
    RETURN true;
END $$;

CREATE FUNCTION callcore_credentials(p_sign_in_name text)
RETURNS TABLE (tenant_id uuid, user_id uuid, username text, created_at timestamptz, password_hash text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT u.tenant_id, u.id, u.username, u.created_at, u.password_hash
    FROM users AS u WHERE u.sign_in_name = p_sign_in_name;
$$;

-- The session of a token, marked as seen, with its user.
CREATE FUNCTION callcore_session(p_token_hash bytea, p_idle_secs bigint, p_now timestamptz)
RETURNS TABLE (id uuid, user_id uuid, created_at timestamptz, seen_at timestamptz, idle_until timestamptz,
    ends_at timestamptz, user_agent text, address text, tenant_id uuid, username text, user_created_at timestamptz)
LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT AS $$
    WITH seen AS (
        UPDATE sessions AS s
        SET seen_at = p_now, idle_until = least(p_now + p_idle_secs * interval '1 second', s.ends_at)
        WHERE s.token_hash = p_token_hash AND s.idle_until > p_now AND s.ends_at > p_now
        RETURNING s.*)
    SELECT s.id, s.user_id, s.created_at, s.seen_at, s.idle_until, s.ends_at, s.user_agent, s.address,
        u.tenant_id, u.username, u.created_at
    FROM seen AS s JOIN users AS u ON u.tenant_id = s.tenant_id AND u.id = s.user_id;
$$;

-- The API key of a token, marked as used, with its user.
CREATE FUNCTION callcore_api_key(p_token_hash bytea, p_now timestamptz)
RETURNS TABLE (id uuid, user_id uuid, name text, created_at timestamptz, used_at timestamptz, tenant_id uuid,
    username text, user_created_at timestamptz)
LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT AS $$
    WITH used AS (
        UPDATE api_keys AS k SET used_at = p_now WHERE k.token_hash = p_token_hash RETURNING k.*)
    SELECT k.id, k.user_id, k.name, k.created_at, k.used_at, u.tenant_id, u.username, u.created_at
    FROM used AS k JOIN users AS u ON u.tenant_id = k.tenant_id AND u.id = k.user_id;
$$;

REVOKE EXECUTE ON FUNCTION callcore_is_set_up(), callcore_set_up(uuid, uuid, text, text, text, timestamptz),
    callcore_add_tenant(uuid, uuid, text, text, text, timestamptz),
    callcore_credentials(text), callcore_session(bytea, bigint, timestamptz), callcore_api_key(bytea, timestamptz)
    FROM PUBLIC;
GRANT EXECUTE ON FUNCTION callcore_is_set_up(), callcore_set_up(uuid, uuid, text, text, text, timestamptz),
    callcore_add_tenant(uuid, uuid, text, text, text, timestamptz),
    callcore_credentials(text), callcore_session(bytea, bigint, timestamptz), callcore_api_key(bytea, timestamptz)
    TO callcore_app;

-- The role `callcore_app`, which every pooled connection works as, is made before the migrations run: see `role.rs`.

DO $$
BEGIN
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO callcore_app', current_schema());
END $$;

-- Builds the second wall around a table with a tenant_id: whoever works on it sees and writes the rows of the
-- transaction's tenant and no others, the owner included. Without a tenant there is no row. After a transaction the
-- setting reads as an empty string, not as NULL.
CREATE PROCEDURE callcore_wall(p_table regclass) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', p_table);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', p_table);
    EXECUTE format(
        'CREATE POLICY tenant ON %s '
        'USING (tenant_id = (SELECT nullif(current_setting(''callcore.tenant'', true), '''')::uuid)) '
        'WITH CHECK (tenant_id = (SELECT nullif(current_setting(''callcore.tenant'', true), '''')::uuid))', p_table);
END $$;
REVOKE EXECUTE ON PROCEDURE callcore_wall(regclass) FROM PUBLIC;

-- Opens a gate in that wall for the owner of the tables, by one command (SELECT, INSERT, UPDATE or DELETE), for the
-- functions with the owner's rights that work before a tenant is known. Nobody's connections work as the owner but the
-- one that migrates. An owner that is a superuser needs no gate, and is not hindered by one.
CREATE PROCEDURE callcore_gate(p_table regclass, p_command text) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE POLICY %I ON %s FOR %s TO %I %s %s', 'owner_' || lower(p_command), p_table, p_command,
        current_user,
        CASE WHEN p_command = 'INSERT' THEN '' ELSE 'USING (true)' END,
        CASE WHEN p_command IN ('INSERT', 'UPDATE') THEN 'WITH CHECK (true)' ELSE '' END);
END $$;
REVOKE EXECUTE ON PROCEDURE callcore_gate(regclass, text) FROM PUBLIC;

-- Whose a call is, which is asked before a tenant is known.
CREATE FUNCTION callcore_tenant_of_call(p_call uuid) RETURNS uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    RETURN (SELECT c.tenant_id FROM calls AS c WHERE c.id = p_call);
END $$;
REVOKE EXECUTE ON FUNCTION callcore_tenant_of_call(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION callcore_tenant_of_call(uuid) TO callcore_app;

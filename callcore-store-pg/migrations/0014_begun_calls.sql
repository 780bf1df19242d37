-- Whether somebody works on a call of which nothing is saved yet, which is asked before a tenant is known.
CREATE INDEX steps_begun_call ON steps_begun (call_id);

CREATE FUNCTION callcore_is_begun(p_call uuid, p_now timestamptz) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    v_now timestamptz := coalesce(p_now, clock_timestamp());
BEGIN
    RETURN EXISTS (SELECT 1 FROM steps_begun AS s WHERE s.call_id = p_call AND s.until > v_now)
        AND NOT EXISTS (SELECT 1 FROM calls AS c WHERE c.id = p_call);
END $$;
REVOKE EXECUTE ON FUNCTION callcore_is_begun(uuid, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION callcore_is_begun(uuid, timestamptz) TO callcore_app;

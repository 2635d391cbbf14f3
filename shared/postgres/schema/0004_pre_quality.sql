-- Rules in SQL, asked by a role that sees hardly anything; versions that wait for a person; what they hold.

-- Makes the function that asks a query. It belongs to loadstone_check, and PostgreSQL lets nobody change roles
-- inside a function that runs as its owner: the query can't become the one who calls it. Answers whether the role
-- was there and could be used; somebody who may can call this again later.
CREATE FUNCTION loadstone.prepare_checks() RETURNS boolean LANGUAGE plpgsql AS $prepare$
DECLARE
    caller name := (SELECT nspowner::regrole::text FROM pg_namespace WHERE nspname = 'loadstone');
BEGIN
    EXECUTE 'GRANT USAGE ON SCHEMA loadstone_staging TO loadstone_check';
    EXECUTE $create$
        CREATE OR REPLACE FUNCTION loadstone.ask(query text) RETURNS double precision
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $ask$
        DECLARE
            answer double precision;
        BEGIN
            EXECUTE format(E'SELECT value::double precision FROM (%s\n) AS asked (value)', query)
                INTO STRICT answer;
            RETURN answer;
        END $ask$
    $create$;
    EXECUTE 'REVOKE ALL ON FUNCTION loadstone.ask(text) FROM PUBLIC';
    EXECUTE format('GRANT EXECUTE ON FUNCTION loadstone.ask(text) TO %s', caller);
    EXECUTE format('GRANT loadstone_check TO %s', caller);
    EXECUTE 'GRANT CREATE ON SCHEMA loadstone TO loadstone_check';
    EXECUTE 'ALTER FUNCTION loadstone.ask(text) OWNER TO loadstone_check';
    EXECUTE 'REVOKE CREATE ON SCHEMA loadstone FROM loadstone_check';
    RETURN true;
END $prepare$;

DO $$
BEGIN
    IF to_regrole('loadstone_check') IS NULL THEN
        BEGIN
            CREATE ROLE loadstone_check NOLOGIN;
        EXCEPTION
            WHEN duplicate_object OR unique_violation THEN NULL;  -- made just now for another database
        END;
    END IF;
    PERFORM loadstone.prepare_checks();
EXCEPTION
    WHEN insufficient_privilege OR undefined_object THEN
        RAISE NOTICE 'custom SQL in quality rules is not available: %', SQLERRM;
END $$;

-- A held version is complete, and not live until its run is approved.
ALTER TABLE loadstone.version
    ADD COLUMN held boolean NOT NULL DEFAULT false,
    ADD COLUMN base integer;                -- the live version that a held one was made from
ALTER TABLE loadstone.run ADD COLUMN held_until timestamptz;   -- rejected when nobody has approved it by then
CREATE INDEX run_held ON loadstone.run (held_until) WHERE state = 'held';
ALTER TABLE loadstone.attempt DROP CONSTRAINT attempt_outcome_check;
ALTER TABLE loadstone.attempt ADD CONSTRAINT attempt_outcome_check CHECK (outcome IN
    ('succeeded', 'failed', 'retry', 'cancelled', 'released', 'lost', 'unchanged', 'superseded', 'held'));

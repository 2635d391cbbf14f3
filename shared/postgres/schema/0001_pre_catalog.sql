-- The catalog: datasets, contracts, runs, attempts, versions, quarantine, audit.

CREATE SCHEMA loadstone_staging;
CREATE SCHEMA loadstone_versions;

CREATE TABLE loadstone.dataset (
    id               integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name             text NOT NULL UNIQUE,
    contract_version integer NOT NULL,
    live_version     integer,
    planned_until    timestamptz,           -- the last tick of the schedule that was planned
    next_fire_at     timestamptz,           -- the next one; NULL when there is none
    created_at       timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX dataset_due ON loadstone.dataset (next_fire_at) WHERE next_fire_at IS NOT NULL;

CREATE TABLE loadstone.contract (
    dataset_id integer NOT NULL REFERENCES loadstone.dataset,
    version    integer NOT NULL CHECK (version > 0),
    document   jsonb NOT NULL,
    digest     text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now(),
    applied_by text NOT NULL,
    PRIMARY KEY (dataset_id, version)
);
ALTER TABLE loadstone.dataset ADD CONSTRAINT dataset_contract
    FOREIGN KEY (id, contract_version) REFERENCES loadstone.contract (dataset_id, version)
    DEFERRABLE INITIALLY DEFERRED;

CREATE TABLE loadstone.run (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    dataset_id       integer NOT NULL,
    contract_version integer NOT NULL,
    business_date    date NOT NULL,
    state            text NOT NULL CHECK (state IN ('waiting', 'queued', 'running', 'succeeded', 'failed',
                         'cancelled', 'unchanged', 'superseded', 'held', 'rejected')),
    trigger          text NOT NULL CHECK (trigger IN ('schedule', 'manual', 'rollback')),
    requested_by     text NOT NULL,
    schedule_key     text,                  -- the schedule's tick that planned it
    delivery_key     text,                  -- identity of the delivery, known once it is complete
    nonce            text,                  -- part of the identity when somebody forced a second import
    priority         smallint NOT NULL DEFAULT 0,
    fence            integer NOT NULL DEFAULT 0,
    attempt          smallint NOT NULL DEFAULT 0,
    max_attempts     smallint NOT NULL DEFAULT 3,
    crashes          smallint NOT NULL DEFAULT 0,
    worker           text,
    lease_until      timestamptz,
    stage            text,
    rows_done        bigint NOT NULL DEFAULT 0,
    bytes_done       bigint NOT NULL DEFAULT 0,
    bytes_total      bigint NOT NULL DEFAULT 0,
    version          integer,               -- what it published, or made live again
    error_code       text,
    error_message    text,
    error_hint       text,
    report           json,                  -- keeps the order of its stages
    created_at       timestamptz NOT NULL DEFAULT now(),
    run_at           timestamptz NOT NULL DEFAULT now(),
    rung_at          timestamptz,           -- when its job was last put on the queue
    check_at         timestamptz NOT NULL DEFAULT now(),   -- when to look for its objects again
    expected_at      timestamptz,           -- late from then on
    late_at          timestamptz,           -- when it was found to be late
    give_up_at       timestamptz,           -- waited for until then
    started_at       timestamptz,
    finished_at      timestamptz,
    cancel_requested_at timestamptz,
    FOREIGN KEY (dataset_id, contract_version) REFERENCES loadstone.contract (dataset_id, version),
    CHECK ((state = 'running') = (lease_until IS NOT NULL)),
    CHECK ((state IN ('succeeded', 'failed', 'cancelled', 'unchanged', 'superseded', 'rejected'))
           = (finished_at IS NOT NULL)),
    CHECK (state <> 'succeeded' OR version IS NOT NULL),
    CHECK (state <> 'failed' OR error_code IS NOT NULL)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);
-- No index holds lease_until, rows_done, bytes_done or stage: heartbeats stay heap-only updates.
CREATE UNIQUE INDEX run_delivery ON loadstone.run (dataset_id, delivery_key)
    WHERE delivery_key IS NOT NULL
      AND state NOT IN ('failed', 'cancelled', 'rejected', 'superseded', 'unchanged');
CREATE UNIQUE INDEX run_schedule ON loadstone.run (dataset_id, schedule_key) WHERE schedule_key IS NOT NULL;
CREATE UNIQUE INDEX run_waiting_date ON loadstone.run (dataset_id, business_date) WHERE state = 'waiting';
CREATE UNIQUE INDEX run_one_running ON loadstone.run (dataset_id) WHERE state = 'running';
CREATE INDEX run_ready ON loadstone.run (dataset_id, priority DESC, business_date, id) WHERE state = 'queued';
CREATE INDEX run_waiting ON loadstone.run (check_at) WHERE state = 'waiting';
CREATE INDEX run_history ON loadstone.run (dataset_id, id DESC);

CREATE TABLE loadstone.run_transition (
    state     text NOT NULL,
    following text NOT NULL,
    PRIMARY KEY (state, following)
);
INSERT INTO loadstone.run_transition (state, following) VALUES
    ('waiting', 'queued'), ('waiting', 'failed'), ('waiting', 'cancelled'), ('waiting', 'unchanged'),
    ('waiting', 'superseded'),
    ('queued', 'running'), ('queued', 'cancelled'), ('queued', 'superseded'),
    ('running', 'queued'), ('running', 'succeeded'), ('running', 'failed'), ('running', 'cancelled'),
    ('running', 'unchanged'), ('running', 'superseded'), ('running', 'held'),
    ('held', 'succeeded'), ('held', 'rejected');

CREATE FUNCTION loadstone.check_run_transition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM loadstone.run_transition
                   WHERE state = OLD.state AND following = NEW.state) THEN
        RAISE EXCEPTION 'run % may not move from % to %', OLD.id, OLD.state, NEW.state
            USING ERRCODE = 'check_violation', CONSTRAINT = 'run_transition';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER run_transition BEFORE UPDATE OF state ON loadstone.run FOR EACH ROW
    WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION loadstone.check_run_transition();

CREATE TABLE loadstone.run_object (
    run_id           bigint NOT NULL REFERENCES loadstone.run ON DELETE CASCADE,
    key              text NOT NULL,
    etag             text NOT NULL,
    size             bigint NOT NULL,
    bytes_read       bigint,
    records_read     bigint,
    rows_loaded      bigint,
    rows_quarantined bigint,
    blank_lines      bigint,
    PRIMARY KEY (run_id, key),
    CONSTRAINT records_conserved CHECK (records_read = rows_loaded + rows_quarantined),
    CONSTRAINT bytes_conserved CHECK (bytes_read = size)
);

CREATE TABLE loadstone.attempt (
    run_id        bigint NOT NULL REFERENCES loadstone.run ON DELETE CASCADE,
    fence         integer NOT NULL,
    number        smallint NOT NULL,
    worker        text NOT NULL,
    started_at    timestamptz NOT NULL DEFAULT now(),
    finished_at   timestamptz,
    outcome       text CHECK (outcome IN ('succeeded', 'failed', 'retry', 'cancelled', 'released', 'lost',
                      'unchanged', 'superseded')),
    error_code    text,
    error_message text,
    PRIMARY KEY (run_id, fence)
);

CREATE TABLE loadstone.version (
    dataset_id       integer NOT NULL REFERENCES loadstone.dataset,
    number           integer NOT NULL CHECK (number > 0),
    run_id           bigint NOT NULL UNIQUE REFERENCES loadstone.run,
    contract_version integer NOT NULL,
    business_date    date NOT NULL,
    relation         text NOT NULL,
    rows             bigint NOT NULL,
    bytes            bigint NOT NULL,
    published_at     timestamptz NOT NULL DEFAULT now(),
    retired_at       timestamptz,
    PRIMARY KEY (dataset_id, number),
    FOREIGN KEY (dataset_id, contract_version) REFERENCES loadstone.contract (dataset_id, version)
);
ALTER TABLE loadstone.dataset ADD CONSTRAINT dataset_live_version
    FOREIGN KEY (id, live_version) REFERENCES loadstone.version (dataset_id, number);

CREATE TABLE loadstone.quarantine (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_id      bigint NOT NULL REFERENCES loadstone.run ON DELETE CASCADE,
    fence       integer NOT NULL,
    object      text NOT NULL,
    line        bigint NOT NULL,
    column_name text,
    code        text NOT NULL,
    message     text NOT NULL,
    raw         bytea NOT NULL,
    at          timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX quarantine_run ON loadstone.quarantine (run_id, fence, id);

CREATE TABLE loadstone.audit (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at      timestamptz NOT NULL DEFAULT now(),
    actor   text NOT NULL,
    action  text NOT NULL,
    subject text NOT NULL,
    before  jsonb,
    after   jsonb
);
CREATE FUNCTION loadstone.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'loadstone.audit is append-only' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON loadstone.audit
    FOR EACH STATEMENT EXECUTE FUNCTION loadstone.refuse_change();

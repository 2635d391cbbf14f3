-- The parts of a run whose delivery is spread over the workers, for as long as they are loaded.

CREATE TABLE loadstone.run_part (
    run_id        bigint NOT NULL REFERENCES loadstone.run ON DELETE CASCADE,
    run_fence     integer NOT NULL,         -- of the attempt that planned it
    number        integer NOT NULL CHECK (number > 0),
    objects       text[] NOT NULL,          -- their keys, in the order in which they are loaded
    weight        bigint NOT NULL,          -- the heaviest is loaded first
    state         text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'running', 'loaded', 'failed')),
    fence         integer NOT NULL DEFAULT 0,
    failures      smallint NOT NULL DEFAULT 0,
    worker        text,
    lease_until   timestamptz,
    rows_done     bigint NOT NULL DEFAULT 0,
    bytes_done    bigint NOT NULL DEFAULT 0,
    result        json,
    error_code    text,
    error_message text,
    error_hint    text,
    PRIMARY KEY (run_id, run_fence, number),
    CHECK ((state = 'running') = (lease_until IS NOT NULL)),
    CHECK ((state = 'loaded') = (result IS NOT NULL)),
    CHECK (state <> 'failed' OR error_code IS NOT NULL)
) WITH (fillfactor = 70);

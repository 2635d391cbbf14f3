-- Corrected records, handed back by a person: an import reads them in place of an object of the bucket.

CREATE TABLE loadstone.correction (
    key      text PRIMARY KEY,              -- the key under which the run has it among its objects
    corrects bigint NOT NULL REFERENCES loadstone.run,
    run_id   bigint NOT NULL REFERENCES loadstone.run,
    content  bytea NOT NULL
);
CREATE INDEX correction_run ON loadstone.correction (run_id);

ALTER TABLE loadstone.run DROP CONSTRAINT run_trigger_check;
ALTER TABLE loadstone.run ADD CONSTRAINT run_trigger_check
    CHECK (trigger IN ('schedule', 'manual', 'rollback', 'requeue'));

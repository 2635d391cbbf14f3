-- What source.afterLoad does with each object that a run has loaded, once its version is live.

ALTER TABLE loadstone.run_object
    ADD COLUMN after_load         text CHECK (after_load IN ('tag', 'move', 'delete')),
    ADD COLUMN after_load_outcome text CHECK (after_load_outcome IN ('pending', 'done', 'changed', 'gone', 'failed')),
    ADD COLUMN after_load_message text,     -- where it is now, or what is wrong
    ADD COLUMN after_load_at      timestamptz,          -- when to try next
    ADD CONSTRAINT after_load_tried CHECK ((after_load_outcome = 'pending') = (after_load_at IS NOT NULL));
CREATE INDEX run_object_after_load ON loadstone.run_object (after_load_at) WHERE after_load_at IS NOT NULL;

-- Deliveries whose objects are replaced: while they are imported, and for some time after they were published.

ALTER TABLE loadstone.run
    ADD COLUMN look_again_at timestamptz,                  -- when to compare its objects with the bucket again
    ADD COLUMN reuploads smallint NOT NULL DEFAULT 0;      -- how often in a row its delivery was replaced before it
CREATE INDEX run_look_again ON loadstone.run (look_again_at) WHERE look_again_at IS NOT NULL;

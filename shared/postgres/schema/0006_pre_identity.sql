-- What an object of a delivery is known by, besides its key and ETag.

ALTER TABLE loadstone.run_object
    ADD COLUMN version_id text,             -- where the bucket is versioned
    ADD COLUMN checksum   text;             -- as the delivery's manifest promises it: `algorithm:hex`

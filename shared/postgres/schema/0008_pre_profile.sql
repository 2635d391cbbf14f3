-- What is known about the values of a version, and of the slices that it may consist of.

ALTER TABLE loadstone.version ADD COLUMN profile jsonb;
ALTER TABLE loadstone.slice ADD COLUMN profile jsonb;

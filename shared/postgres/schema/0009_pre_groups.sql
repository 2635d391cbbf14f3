-- Datasets of one release group go live together: a complete version waits until the others are there.

ALTER TABLE loadstone.run ADD COLUMN release_group text;   -- of a held run: what it waits for; NULL for a person
CREATE INDEX run_held_date ON loadstone.run (dataset_id, business_date) WHERE state = 'held';
CREATE INDEX contract_release_group ON loadstone.contract ((document #>> '{publish,releaseGroup}'))
    WHERE document #>> '{publish,releaseGroup}' IS NOT NULL;

-- What finds finished runs that are past their dataset's retention.historyDays, and what keeps them.

CREATE INDEX run_finished ON loadstone.run (dataset_id, finished_at) WHERE finished_at IS NOT NULL;
CREATE INDEX slice_run ON loadstone.slice (run_id);
CREATE INDEX correction_corrects ON loadstone.correction (corrects);

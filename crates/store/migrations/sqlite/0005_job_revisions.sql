-- Another number after every change of a job, in the index that is asked every second: whoever conducts jobs reads those
-- that changed.
ALTER TABLE jobs ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;
DROP INDEX jobs_to_conduct;
CREATE INDEX jobs_to_conduct ON jobs (created, position, id, revision, status)
    WHERE status IN ('Running', 'Waiting', 'Deleting');

-- Another number after every change of a job, in the index that is asked every second: whoever conducts jobs reads those
-- that changed.
ALTER TABLE jobs ADD COLUMN revision BIGINT NOT NULL DEFAULT 0;
DROP INDEX jobs_to_conduct;
CREATE INDEX jobs_to_conduct ON jobs (created, position) INCLUDE (id, revision, status)
    WHERE status IN ('Running', 'Waiting', 'Deleting');

-- The document is the job; the columns before it are taken out of it at each write, for what is looked for and ordered.
-- A job may outlive its source, so that the source refers to nothing here.
CREATE TABLE jobs (
    position     INTEGER PRIMARY KEY, -- the order of creation within one second
    id           TEXT NOT NULL UNIQUE,
    account      TEXT NOT NULL,
    source       TEXT NOT NULL,
    region       TEXT NOT NULL,
    name         TEXT,
    status       TEXT NOT NULL,
    stage        TEXT,
    image_name   TEXT,
    created      INTEGER NOT NULL,
    due          INTEGER, -- when the clock changes it by itself
    client_token TEXT,
    parameters   TEXT,
    lease_center TEXT,
    lease_until  INTEGER,
    document     TEXT NOT NULL,
    UNIQUE (account, name),
    UNIQUE (account, client_token)
) STRICT;
CREATE INDEX jobs_by_creation ON jobs (account, created, position);
CREATE INDEX jobs_by_source ON jobs (source, created, position);
CREATE INDEX jobs_by_due ON jobs (due, position) WHERE due IS NOT NULL;
CREATE INDEX jobs_to_conduct ON jobs (created, position) WHERE status IN ('Running', 'Waiting', 'Deleting');
-- A source has at most one job that is not over.
CREATE UNIQUE INDEX jobs_unfinished ON jobs (source) WHERE status NOT IN ('Finished', 'Deleting');

CREATE TABLE job_runs (
    position INTEGER PRIMARY KEY, -- the order of creation within one second
    id       TEXT NOT NULL UNIQUE,
    job      TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    began_by TEXT NOT NULL,
    started  INTEGER NOT NULL,
    ended    INTEGER,
    image    TEXT
) STRICT;
CREATE INDEX job_runs_by_job ON job_runs (job, started, position);

-- Apart from jobs, so that what is noted every few seconds does not rewrite them.
CREATE TABLE job_progress (
    job      TEXT PRIMARY KEY NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    document TEXT NOT NULL
) STRICT;

CREATE TABLE job_tags (
    job   TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    key   TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (job, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX job_tags_by_pair ON job_tags (key, value);

-- Images outlive their jobs.
CREATE TABLE images (
    position INTEGER PRIMARY KEY, -- the order of creation within one second
    id       TEXT NOT NULL UNIQUE,
    account  TEXT NOT NULL,
    job      TEXT NOT NULL,
    name     TEXT NOT NULL,
    created  INTEGER NOT NULL,
    document TEXT NOT NULL
) STRICT;
CREATE INDEX images_by_creation ON images (account, created, position);
CREATE INDEX images_by_job ON images (job, created, position);
CREATE INDEX images_by_name ON images (account, name);

-- The document is the job; the columns before it are taken out of it at each write, for what is looked for and ordered.
-- A job may outlive its source, so that the source refers to nothing here.
CREATE TABLE jobs (
    position BIGINT GENERATED ALWAYS AS IDENTITY, -- the order of creation within one second
    id           TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    account      TEXT COLLATE "C" NOT NULL,
    source       TEXT COLLATE "C" NOT NULL,
    region       TEXT COLLATE "C" NOT NULL,
    name         TEXT COLLATE "C",
    status       TEXT COLLATE "C" NOT NULL,
    stage        TEXT COLLATE "C",
    image_name   TEXT COLLATE "C",
    created      BIGINT NOT NULL,
    due          BIGINT, -- when the clock changes it by itself
    client_token TEXT COLLATE "C",
    parameters   TEXT,
    lease_center TEXT COLLATE "C",
    lease_until  BIGINT,
    document     TEXT NOT NULL,
    UNIQUE (account, name),
    UNIQUE (account, client_token)
) WITH (fillfactor = 75); -- room for leases to stay on their page
CREATE INDEX jobs_by_creation ON jobs (account, created, position);
CREATE INDEX jobs_by_source ON jobs (source, created, position);
CREATE INDEX jobs_by_due ON jobs (due, position) WHERE due IS NOT NULL;
CREATE INDEX jobs_to_conduct ON jobs (created, position) WHERE status IN ('Running', 'Waiting', 'Deleting');
-- A source has at most one job that is not over.
CREATE UNIQUE INDEX jobs_unfinished ON jobs (source) WHERE status NOT IN ('Finished', 'Deleting');

CREATE TABLE job_runs (
    position BIGINT GENERATED ALWAYS AS IDENTITY, -- the order of creation within one second
    id       TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    job      TEXT COLLATE "C" NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    began_by TEXT COLLATE "C" NOT NULL,
    started  BIGINT NOT NULL,
    ended    BIGINT,
    image    TEXT COLLATE "C"
);
CREATE INDEX job_runs_by_job ON job_runs (job, started, position);

-- Apart from jobs, so that what is noted every few seconds does not rewrite them.
CREATE TABLE job_progress (
    job      TEXT COLLATE "C" PRIMARY KEY NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    document TEXT NOT NULL
);

CREATE TABLE job_tags (
    job   TEXT COLLATE "C" NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    key   TEXT COLLATE "C" NOT NULL,
    value TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (job, key)
);
CREATE INDEX job_tags_by_pair ON job_tags (key, value);

-- Images outlive their jobs.
CREATE TABLE images (
    position BIGINT GENERATED ALWAYS AS IDENTITY, -- the order of creation within one second
    id       TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    account  TEXT COLLATE "C" NOT NULL,
    job      TEXT COLLATE "C" NOT NULL,
    name     TEXT COLLATE "C" NOT NULL,
    created  BIGINT NOT NULL,
    document TEXT NOT NULL
);
CREATE INDEX images_by_creation ON images (account, created, position);
CREATE INDEX images_by_job ON images (job, created, position);
CREATE INDEX images_by_name ON images (account, name);

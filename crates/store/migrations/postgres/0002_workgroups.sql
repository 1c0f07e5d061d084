-- Tags are a document: they are set once, and an account has at most 50 groups to search.
CREATE TABLE workgroups (
    position BIGINT GENERATED ALWAYS AS IDENTITY, -- the order of creation within one second
    id           TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    account      TEXT COLLATE "C" NOT NULL,
    name         TEXT COLLATE "C",
    description  TEXT NOT NULL,
    tags         TEXT NOT NULL,
    created      BIGINT NOT NULL,
    client_token TEXT COLLATE "C",
    parameters   TEXT,
    UNIQUE (account, name),
    UNIQUE (account, client_token)
);

-- By source: it is in at most one group.
CREATE TABLE workgroup_members (
    source    TEXT COLLATE "C" PRIMARY KEY NOT NULL REFERENCES sources (id) ON DELETE CASCADE,
    workgroup TEXT COLLATE "C" NOT NULL REFERENCES workgroups (id)
);
CREATE INDEX workgroup_members_by_workgroup ON workgroup_members (workgroup);

-- Tags are a document: they are set once, and an account has at most 50 groups to search.
CREATE TABLE workgroups (
    position     INTEGER PRIMARY KEY, -- the order of creation within one second
    id           TEXT NOT NULL UNIQUE,
    account      TEXT NOT NULL,
    name         TEXT,
    description  TEXT NOT NULL,
    tags         TEXT NOT NULL,
    created      INTEGER NOT NULL,
    client_token TEXT,
    parameters   TEXT,
    UNIQUE (account, name),
    UNIQUE (account, client_token)
) STRICT;

-- By source: it is in at most one group.
CREATE TABLE workgroup_members (
    source    TEXT PRIMARY KEY NOT NULL REFERENCES sources (id) ON DELETE CASCADE,
    workgroup TEXT NOT NULL REFERENCES workgroups (id)
) STRICT, WITHOUT ROWID;
CREATE INDEX workgroup_members_by_workgroup ON workgroup_members (workgroup);

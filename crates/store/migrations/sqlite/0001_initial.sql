-- Moments are whole seconds since 1970-01-01T00:00:00Z.

CREATE TABLE accounts (
    id      TEXT PRIMARY KEY NOT NULL,
    name    TEXT NOT NULL,
    created INTEGER NOT NULL
) STRICT;

CREATE TABLE users (
    account      TEXT NOT NULL REFERENCES accounts (id),
    name         TEXT NOT NULL,
    display_name TEXT NOT NULL,
    created      INTEGER NOT NULL,
    PRIMARY KEY (account, name)
) STRICT;

-- A key without a user is the account owner's.
CREATE TABLE access_keys (
    id          TEXT PRIMARY KEY NOT NULL,
    account     TEXT NOT NULL REFERENCES accounts (id),
    user_name   TEXT,
    sealed      BLOB NOT NULL,
    status      TEXT NOT NULL,
    created     INTEGER NOT NULL,
    last_used   INTEGER,
    FOREIGN KEY (account, user_name) REFERENCES users (account, name) ON DELETE CASCADE
) STRICT;
CREATE INDEX access_keys_by_user ON access_keys (account, user_name);

CREATE TABLE policies (
    account     TEXT NOT NULL REFERENCES accounts (id),
    name        TEXT NOT NULL,
    document    TEXT NOT NULL,
    description TEXT NOT NULL,
    created     INTEGER NOT NULL,
    updated     INTEGER NOT NULL,
    PRIMARY KEY (account, name)
) STRICT;

-- Built-in policies are attached by name too and have no row, so the name refers to nothing here.
CREATE TABLE policy_attachments (
    account   TEXT NOT NULL,
    user_name TEXT NOT NULL,
    policy    TEXT NOT NULL,
    PRIMARY KEY (account, user_name, policy),
    FOREIGN KEY (account, user_name) REFERENCES users (account, name) ON DELETE CASCADE
) STRICT;
CREATE INDEX policy_attachments_by_policy ON policy_attachments (account, policy);

CREATE TABLE keyring (
    id      INTEGER PRIMARY KEY CHECK (id = 1),
    content TEXT NOT NULL
) STRICT;

CREATE TABLE access_tokens (
    position     INTEGER PRIMARY KEY, -- the order of creation within one second
    id           TEXT NOT NULL UNIQUE,
    account      TEXT NOT NULL,
    name         TEXT NOT NULL,
    description  TEXT NOT NULL,
    use_limit    INTEGER NOT NULL,
    days         INTEGER NOT NULL,
    registered   INTEGER NOT NULL CHECK (registered >= 0 AND registered <= use_limit),
    created      INTEGER NOT NULL,
    created_by   TEXT NOT NULL,
    disabled     INTEGER,
    last_used    INTEGER,
    digest       BLOB NOT NULL,
    expires_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX access_tokens_by_creation ON access_tokens (account, created, position);
CREATE INDEX access_tokens_by_expiry ON access_tokens (account, expires_at);
CREATE INDEX access_tokens_by_name ON access_tokens (account, name);

CREATE TABLE sources (
    position      INTEGER PRIMARY KEY, -- the order of creation within one second
    id            TEXT NOT NULL UNIQUE,
    account       TEXT NOT NULL,
    name          TEXT NOT NULL,
    description   TEXT NOT NULL,
    token         TEXT NOT NULL,
    machine       TEXT NOT NULL,
    key           TEXT NOT NULL UNIQUE,
    agent_version TEXT NOT NULL,
    address       TEXT NOT NULL,
    imported      INTEGER NOT NULL,
    last_seen     INTEGER NOT NULL,
    fault_code    TEXT,
    fault_message TEXT,
    UNIQUE (account, name),
    UNIQUE (account, machine)
) STRICT;
CREATE INDEX sources_by_import ON sources (account, imported, position);
CREATE INDEX sources_by_token ON sources (token);

-- Apart from sources, so that a heartbeat does not rewrite kilobytes.
CREATE TABLE inventories (
    source   TEXT PRIMARY KEY NOT NULL REFERENCES sources (id) ON DELETE CASCADE,
    document TEXT NOT NULL
) STRICT;

CREATE TABLE tags (
    source TEXT NOT NULL REFERENCES sources (id) ON DELETE CASCADE,
    key    TEXT NOT NULL,
    value  TEXT NOT NULL,
    PRIMARY KEY (source, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX tags_by_pair ON tags (key, value);

CREATE TABLE audit (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    account  TEXT NOT NULL,
    moment   INTEGER NOT NULL,
    event    TEXT NOT NULL,
    resource TEXT NOT NULL,
    actor    TEXT NOT NULL,
    address  TEXT NOT NULL,
    detail   TEXT NOT NULL
) STRICT;
CREATE INDEX audit_by_account ON audit (account, id);
CREATE INDEX audit_by_resource ON audit (account, resource, id);
CREATE INDEX audit_by_moment ON audit (moment);

CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit trail is only ever added to');
END;
CREATE TRIGGER audit_is_not_removed BEFORE DELETE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit trail is only ever added to');
END;

-- How many rows an account has in a table, so that a listing's total costs the same at any size.
CREATE TABLE counters (
    account  TEXT NOT NULL,
    relation TEXT NOT NULL,
    total    INTEGER NOT NULL CHECK (total >= 0),
    PRIMARY KEY (account, relation)
) STRICT, WITHOUT ROWID;

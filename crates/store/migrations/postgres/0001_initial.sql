-- Moments are whole seconds since 1970-01-01T00:00:00Z. What is compared or ordered is so by bytes (COLLATE "C"),
-- as on SQLite.

CREATE TABLE accounts (
    id      TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    name    TEXT COLLATE "C" NOT NULL,
    created BIGINT NOT NULL
);

CREATE TABLE users (
    account      TEXT COLLATE "C" NOT NULL REFERENCES accounts (id),
    name         TEXT COLLATE "C" NOT NULL,
    display_name TEXT NOT NULL,
    created      BIGINT NOT NULL,
    PRIMARY KEY (account, name)
);

-- A key without a user is the account owner's.
CREATE TABLE access_keys (
    id          TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    account     TEXT COLLATE "C" NOT NULL REFERENCES accounts (id),
    user_name   TEXT COLLATE "C",
    sealed      BYTEA NOT NULL,
    status      TEXT NOT NULL,
    created     BIGINT NOT NULL,
    last_used   BIGINT,
    FOREIGN KEY (account, user_name) REFERENCES users (account, name) ON DELETE CASCADE
);
CREATE INDEX access_keys_by_user ON access_keys (account, user_name);

CREATE TABLE policies (
    account     TEXT COLLATE "C" NOT NULL REFERENCES accounts (id),
    name        TEXT COLLATE "C" NOT NULL,
    document    TEXT NOT NULL,
    description TEXT NOT NULL,
    created     BIGINT NOT NULL,
    updated     BIGINT NOT NULL,
    PRIMARY KEY (account, name)
);

-- Built-in policies are attached by name too and have no row, so the name refers to nothing here.
CREATE TABLE policy_attachments (
    account   TEXT COLLATE "C" NOT NULL,
    user_name TEXT COLLATE "C" NOT NULL,
    policy    TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (account, user_name, policy),
    FOREIGN KEY (account, user_name) REFERENCES users (account, name) ON DELETE CASCADE
);
CREATE INDEX policy_attachments_by_policy ON policy_attachments (account, policy);

CREATE TABLE keyring (
    id      BIGINT PRIMARY KEY CHECK (id = 1),
    content TEXT NOT NULL
);

CREATE TABLE access_tokens (
    position BIGINT GENERATED ALWAYS AS IDENTITY, -- the order of creation within one second
    id           TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    account      TEXT COLLATE "C" NOT NULL,
    name         TEXT COLLATE "C" NOT NULL,
    description  TEXT NOT NULL,
    use_limit    BIGINT NOT NULL,
    days         BIGINT NOT NULL,
    registered   BIGINT NOT NULL CHECK (registered >= 0 AND registered <= use_limit),
    created      BIGINT NOT NULL,
    created_by   TEXT NOT NULL,
    disabled     BIGINT,
    last_used    BIGINT,
    digest       BYTEA NOT NULL,
    expires_at   BIGINT NOT NULL
);
CREATE INDEX access_tokens_by_creation ON access_tokens (account, created, position);
CREATE INDEX access_tokens_by_expiry ON access_tokens (account, expires_at);
CREATE INDEX access_tokens_by_name ON access_tokens (account, name);

CREATE TABLE sources (
    position BIGINT GENERATED ALWAYS AS IDENTITY, -- the order of creation within one second
    id            TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    account       TEXT COLLATE "C" NOT NULL,
    name          TEXT COLLATE "C" NOT NULL,
    description   TEXT NOT NULL,
    token         TEXT COLLATE "C" NOT NULL,
    machine       TEXT COLLATE "C" NOT NULL,
    key           TEXT COLLATE "C" NOT NULL UNIQUE,
    agent_version TEXT NOT NULL,
    address       TEXT NOT NULL,
    imported      BIGINT NOT NULL,
    last_seen     BIGINT NOT NULL,
    fault_code    TEXT,
    fault_message TEXT,
    UNIQUE (account, name),
    UNIQUE (account, machine)
) WITH (fillfactor = 75); -- room for heartbeats to stay on their page
CREATE INDEX sources_by_import ON sources (account, imported, position);
CREATE INDEX sources_by_token ON sources (token);

-- Apart from sources, so that a heartbeat does not rewrite kilobytes.
CREATE TABLE inventories (
    source   TEXT COLLATE "C" PRIMARY KEY NOT NULL REFERENCES sources (id) ON DELETE CASCADE,
    document TEXT NOT NULL
);

CREATE TABLE tags (
    source TEXT COLLATE "C" NOT NULL REFERENCES sources (id) ON DELETE CASCADE,
    key    TEXT COLLATE "C" NOT NULL,
    value  TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (source, key)
);
CREATE INDEX tags_by_pair ON tags (key, value);

CREATE TABLE audit (
    id       BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account  TEXT COLLATE "C" NOT NULL,
    moment   BIGINT NOT NULL,
    event    TEXT NOT NULL,
    resource TEXT COLLATE "C" NOT NULL,
    actor    TEXT NOT NULL,
    address  TEXT NOT NULL,
    detail   TEXT NOT NULL
);
CREATE INDEX audit_by_account ON audit (account, id);
CREATE INDEX audit_by_resource ON audit (account, resource, id);
CREATE INDEX audit_by_moment ON audit (moment);

CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit trail is only ever added to';
END
$$;
CREATE TRIGGER audit_is_only_added_to BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();

-- How many rows an account has in a table, so that a listing's total costs the same at any size.
CREATE TABLE counters (
    account  TEXT COLLATE "C" NOT NULL,
    relation TEXT COLLATE "C" NOT NULL,
    total    BIGINT NOT NULL CHECK (total >= 0),
    PRIMARY KEY (account, relation)
);

-- Locks, journal and history. Times are RFC 3339 texts in UTC; plans and events are JSON.

-- One row for each target that was ever leased. It stays when the lease is given back,
-- so that the fence only grows.
CREATE TABLE leases (
    target  TEXT    NOT NULL PRIMARY KEY,
    fence   INTEGER NOT NULL,
    -- The three are null together: nobody holds the lease.
    process TEXT,
    owner   TEXT,
    since   TEXT,
    CHECK ((process IS NULL) = (owner IS NULL) AND (process IS NULL) = (since IS NULL))
);

CREATE TABLE deployments (
    -- The order in which they were begun, whatever the clocks said.
    number      INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    id          TEXT    NOT NULL UNIQUE,
    target      TEXT    NOT NULL,
    incarnation INTEGER NOT NULL,
    plan        TEXT    NOT NULL,
    actor       TEXT    NOT NULL,
    main_commit TEXT,
    begun_at    TEXT    NOT NULL,
    finished    BOOLEAN NOT NULL
);

CREATE INDEX deployments_by_target ON deployments (target, number);

-- At most one unfinished deployment a target.
CREATE UNIQUE INDEX deployments_unfinished ON deployments (target) WHERE NOT finished;

CREATE TABLE events (
    deployment TEXT    NOT NULL REFERENCES deployments (id),
    -- Counted from 0 within the deployment, without gaps.
    entry      INTEGER NOT NULL,
    at         TEXT    NOT NULL,
    event      TEXT    NOT NULL,
    PRIMARY KEY (deployment, entry)
) WITHOUT ROWID;

-- What the journal adds up to for each target; written in the transaction of the event
-- that it follows from.
CREATE TABLE targets (
    target         TEXT    NOT NULL PRIMARY KEY,
    incarnation    INTEGER NOT NULL,
    holds_data     BOOLEAN NOT NULL,
    last           TEXT    NOT NULL REFERENCES deployments (id),
    last_succeeded TEXT    REFERENCES deployments (id),
    main_commit    TEXT
);

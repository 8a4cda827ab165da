-- What stands outside of each life of each target, as its deployments add up to; written
-- in the transaction of the success that it follows from. A life that has ended keeps its
-- row: it may hold data, and its number isn't given again.
CREATE TABLE standing (
    target      TEXT    NOT NULL,
    incarnation INTEGER NOT NULL,
    -- JSON: region, app, images by effect.
    standing    TEXT    NOT NULL,
    -- The last deployment that succeeded, and when.
    deployment  TEXT    NOT NULL REFERENCES deployments (id),
    at          TEXT    NOT NULL,
    -- Whether that one removed the target.
    ended       BOOLEAN NOT NULL,
    PRIMARY KEY (target, incarnation)
) WITHOUT ROWID;

-- A deployment is enqueued, and then claimed by whoever runs it; lists read neither plans
-- nor events.

-- Plans are large and read one at a time: apart, so that lists don't pass over them.
CREATE TABLE plans (
    deployment TEXT NOT NULL PRIMARY KEY REFERENCES deployments (id),
    plan       TEXT NOT NULL
);

INSERT INTO plans (deployment, plan) SELECT id, plan FROM deployments;

ALTER TABLE deployments DROP COLUMN plan;

-- What lists show. Null in rows of earlier versions, whose plan and events tell it.
-- JSON: region, operation, what is changed.
ALTER TABLE deployments ADD COLUMN outline TEXT;
-- JSON: status, reasons, waits; written in the transaction of the event that it follows
-- from. Null until the next event in rows of earlier versions.
ALTER TABLE deployments ADD COLUMN state TEXT;
-- When the last event was.
ALTER TABLE deployments ADD COLUMN last_at TEXT;

-- What isn't finished, in the order in which it was enqueued.
CREATE INDEX deployments_open ON deployments (number) WHERE NOT finished;

-- Whose life or death can't be seen from here has its leases until then. Null in rows of
-- earlier versions, which were of this machine.
ALTER TABLE leases ADD COLUMN machine TEXT;
ALTER TABLE leases ADD COLUMN expires TEXT;

ALTER TABLE standing RENAME TO deployed;
ALTER TABLE deployed RENAME COLUMN standing TO state;

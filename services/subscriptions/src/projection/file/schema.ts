import { FACETS_FINGERPRINT } from "./facets.ts";

/** Raise when the meaning of a row changes; a file of another version is built again. */
const VERSION = 7;

/** A file with another fingerprint is thrown away. */
export const SCHEMA_FINGERPRINT = `${VERSION};${FACETS_FINGERPRINT}`;

/**
 * Ids of workspaces and agents, and destinations, are kept once, as very many rows have them. Of a call's id, and of the id of a
 * dead letter's event, rows have only a hash (`callHash`, `eventHash`). Lists are ordered by `at_ms`. Rows
 * have no more than lists need: the streams have the rest.
 *
 * An event that goes to its agent's subscription alone is its own delivery: its row has all of that. For any other event
 * the row's facet says `several`, and each of its destinations has a row in `deliveries`.
 */
export const SCHEMA = `
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE positions (stream TEXT PRIMARY KEY, created_ms INTEGER NOT NULL, applied_seq INTEGER NOT NULL)
  WITHOUT ROWID;
CREATE TABLE workspaces (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE agents (id INTEGER PRIMARY KEY, workspace INTEGER NOT NULL, name TEXT NOT NULL, UNIQUE (workspace, name));

-- hash: endpointHash. Numbers of one file's own would give pages of two instances another order.
CREATE TABLE endpoints (hash INTEGER PRIMARY KEY, workspace INTEGER NOT NULL, name TEXT NOT NULL, uid TEXT);

-- last_event_seq: of the last event that went there (destinations.ts).
CREATE TABLE destinations (id INTEGER PRIMARY KEY, url TEXT NOT NULL UNIQUE, last_event_seq INTEGER NOT NULL);
CREATE INDEX destinations_by_event ON destinations (last_event_seq);

-- custom: the event type where it is not built in, as several share a facet.
-- at_ms is null while only records of the event have been seen. check_ms: when to check whether a retry is pending.
-- redelivery: the token in the id of the delivery that was attempted last; null: that was the first one.
CREATE TABLE events (
  seq INTEGER PRIMARY KEY, workspace INTEGER NOT NULL, agent INTEGER NOT NULL, facet INTEGER NOT NULL, custom TEXT,
  at_ms INTEGER, call_hash INTEGER NOT NULL, call_id TEXT NOT NULL, size_bytes INTEGER NOT NULL, is_test INTEGER NOT NULL,
  attempts INTEGER NOT NULL, last_attempt_ms INTEGER, last_ended_ms INTEGER, next_attempt_ms INTEGER,
  last_status_code INTEGER, destination INTEGER, dead_letter_ms INTEGER, check_ms INTEGER, redelivery TEXT
);
CREATE INDEX events_by_workspace ON events (workspace, facet, at_ms);
CREATE INDEX events_by_agent ON events (agent, facet, at_ms);
CREATE INDEX events_by_call ON events (call_hash, facet, at_ms);
CREATE INDEX events_unresolved ON events (seq, check_ms) WHERE check_ms IS NOT NULL;

-- endpoint: its hash; 0: the agent's subscription. at_ms: the event's.
CREATE TABLE deliveries (
  event_seq INTEGER NOT NULL, endpoint INTEGER NOT NULL, workspace INTEGER NOT NULL, agent INTEGER NOT NULL,
  facet INTEGER NOT NULL, custom TEXT, at_ms INTEGER, call_hash INTEGER NOT NULL,
  attempts INTEGER NOT NULL, last_attempt_ms INTEGER, last_ended_ms INTEGER, next_attempt_ms INTEGER,
  last_status_code INTEGER, destination INTEGER, dead_letter_ms INTEGER, redelivery TEXT,
  PRIMARY KEY (event_seq, endpoint)
) WITHOUT ROWID;
CREATE INDEX deliveries_by_workspace ON deliveries (workspace, facet, at_ms);
CREATE INDEX deliveries_by_agent ON deliveries (agent, facet, at_ms);
CREATE INDEX deliveries_by_call ON deliveries (call_hash, facet, at_ms);
CREATE INDEX deliveries_by_endpoint ON deliveries (endpoint, facet, at_ms);
CREATE INDEX deliveries_by_endpoint_agent ON deliveries (endpoint, agent, facet, at_ms);

-- endpoint, here and in dead letters: null for the agent's subscription, so that its rows are in no index of endpoints.
CREATE TABLE attempts (
  seq INTEGER PRIMARY KEY, workspace INTEGER NOT NULL, agent INTEGER NOT NULL, facet INTEGER NOT NULL, custom TEXT,
  at_ms INTEGER NOT NULL, call_hash INTEGER NOT NULL, endpoint INTEGER
);
CREATE INDEX attempts_by_endpoint ON attempts (endpoint, facet, at_ms) WHERE endpoint IS NOT NULL;
CREATE INDEX attempts_by_endpoint_agent ON attempts (endpoint, agent, facet, at_ms) WHERE endpoint IS NOT NULL;
CREATE INDEX attempts_by_workspace ON attempts (workspace, facet, at_ms);
CREATE INDEX attempts_by_agent ON attempts (agent, facet, at_ms);
CREATE INDEX attempts_by_call ON attempts (call_hash, facet, at_ms);

-- malformed: the event has no row, as its subject is no event's.
CREATE TABLE dead_letters (
  seq INTEGER PRIMARY KEY, workspace INTEGER NOT NULL, agent INTEGER NOT NULL, facet INTEGER NOT NULL, custom TEXT,
  at_ms INTEGER NOT NULL, call_hash INTEGER NOT NULL, event_hash INTEGER, malformed INTEGER NOT NULL, endpoint INTEGER
);
CREATE INDEX dead_letters_by_endpoint ON dead_letters (endpoint, facet, at_ms) WHERE endpoint IS NOT NULL;
CREATE INDEX dead_letters_by_endpoint_agent ON dead_letters (endpoint, agent, facet, at_ms) WHERE endpoint IS NOT NULL;
CREATE INDEX dead_letters_malformed ON dead_letters (workspace, at_ms, agent, facet, custom) WHERE malformed = 1;
CREATE INDEX dead_letters_by_event ON dead_letters (event_hash, seq) WHERE event_hash IS NOT NULL;
CREATE INDEX dead_letters_by_workspace ON dead_letters (workspace, facet, at_ms);
CREATE INDEX dead_letters_by_agent ON dead_letters (agent, facet, at_ms);
CREATE INDEX dead_letters_by_call ON dead_letters (call_hash, facet, at_ms);

-- How many attempts of an agent began in an interval, by result and by how long they took (stats.ts).
CREATE TABLE attempt_counts (
  agent INTEGER NOT NULL, interval INTEGER NOT NULL, result INTEGER NOT NULL, duration INTEGER NOT NULL,
  count INTEGER NOT NULL, PRIMARY KEY (agent, interval, result, duration)
) WITHOUT ROWID;

-- The same for an endpoint, by its hash.
CREATE TABLE endpoint_counts (
  endpoint INTEGER NOT NULL, interval INTEGER NOT NULL, result INTEGER NOT NULL, duration INTEGER NOT NULL,
  count INTEGER NOT NULL, PRIMARY KEY (endpoint, interval, result, duration)
) WITHOUT ROWID;

-- last_seq is on ATTEMPTS, last_dead_letter_seq on DEAD_LETTERS; 0: nothing there has counted.
CREATE TABLE redeliveries (
  workspace INTEGER NOT NULL, name TEXT NOT NULL, attempted INTEGER NOT NULL, delivered INTEGER NOT NULL,
  failed INTEGER NOT NULL, cancelled INTEGER NOT NULL, last_seq INTEGER NOT NULL,
  last_dead_letter_seq INTEGER NOT NULL, PRIMARY KEY (workspace, name)
) WITHOUT ROWID;
`;

import { FACETS_FINGERPRINT } from "./facets.ts";

/** Raise when the meaning of a row changes; a file of another version is built again. */
const VERSION = 8;

/** A file with another fingerprint is thrown away. */
export const SCHEMA_FINGERPRINT = `${VERSION};${FACETS_FINGERPRINT}`;

/**
 * Ids of workspaces and agents, and destinations, are kept once, as very many rows have them. Of a call's id, and of the id of a
 * dead letter's event, rows have only a hash (`callHash`, `eventHash`). Lists are ordered by `at_ms`. Rows
 * have no more than lists need: the streams have the rest.
 *
 * An event that goes to its agent's subscription alone is its own delivery: its row has all of that. For any other event
 * the row's facet says `several`, and each of its destinations has a row in `deliveries`.
 *
 * The indexes by workspace end with what facets are counted by, so that counting reads no rows (`query/facet-counts.ts`).
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
CREATE INDEX events_by_workspace ON events (workspace, facet, at_ms, seq, agent, custom);
CREATE INDEX events_by_agent ON events (agent, facet, at_ms);
CREATE INDEX events_by_call ON events (call_hash, facet, at_ms);
CREATE INDEX events_unresolved ON events (seq, check_ms) WHERE check_ms IS NOT NULL;
CREATE INDEX events_waiting ON events (call_hash, next_attempt_ms) WHERE next_attempt_ms IS NOT NULL;

-- endpoint: its hash; 0: the agent's subscription. at_ms: the event's.
CREATE TABLE deliveries (
  event_seq INTEGER NOT NULL, endpoint INTEGER NOT NULL, workspace INTEGER NOT NULL, agent INTEGER NOT NULL,
  facet INTEGER NOT NULL, custom TEXT, at_ms INTEGER, call_hash INTEGER NOT NULL,
  attempts INTEGER NOT NULL, last_attempt_ms INTEGER, last_ended_ms INTEGER, next_attempt_ms INTEGER,
  last_status_code INTEGER, destination INTEGER, dead_letter_ms INTEGER, redelivery TEXT,
  PRIMARY KEY (event_seq, endpoint)
) WITHOUT ROWID;
CREATE INDEX deliveries_by_workspace ON deliveries (workspace, facet, at_ms, event_seq, endpoint, agent, custom);
CREATE INDEX deliveries_by_agent ON deliveries (agent, facet, at_ms);
CREATE INDEX deliveries_by_call ON deliveries (call_hash, facet, at_ms);
CREATE INDEX deliveries_by_endpoint ON deliveries (endpoint, facet, at_ms);
CREATE INDEX deliveries_by_endpoint_agent ON deliveries (endpoint, agent, facet, at_ms);
CREATE INDEX deliveries_waiting ON deliveries (call_hash, next_attempt_ms) WHERE next_attempt_ms IS NOT NULL;

-- events: those that are in the index now. first_ms, first_seq: of the first of them; null while only records are known.
CREATE TABLE calls (
  id INTEGER PRIMARY KEY, workspace INTEGER NOT NULL, call_id TEXT NOT NULL, call_hash INTEGER NOT NULL,
  first_ms INTEGER, first_seq INTEGER, last_ms INTEGER, events INTEGER NOT NULL, attempts INTEGER NOT NULL,
  UNIQUE (workspace, call_id)
);
CREATE INDEX calls_by_workspace ON calls (workspace, first_ms, first_seq, call_id);

-- first_ms, first_seq: the call's.
CREATE TABLE call_agents (
  call INTEGER NOT NULL, agent INTEGER NOT NULL, events INTEGER NOT NULL, first_ms INTEGER, first_seq INTEGER,
  PRIMARY KEY (call, agent)
) WITHOUT ROWID;
CREATE INDEX call_agents_by_agent ON call_agents (agent, first_ms, first_seq);

-- endpoint, here and in dead letters: null for the agent's subscription, so that its rows are in no index of endpoints.
-- by_agent_alone: what callers see that are bound to agents and not to all of their endpoints.
CREATE TABLE attempts (
  seq INTEGER PRIMARY KEY, workspace INTEGER NOT NULL, agent INTEGER NOT NULL, facet INTEGER NOT NULL, custom TEXT,
  at_ms INTEGER NOT NULL, call_hash INTEGER NOT NULL, endpoint INTEGER
);
CREATE INDEX attempts_by_endpoint ON attempts (endpoint, facet, at_ms) WHERE endpoint IS NOT NULL;
CREATE INDEX attempts_by_endpoint_agent ON attempts (endpoint, agent, facet, at_ms) WHERE endpoint IS NOT NULL;
CREATE INDEX attempts_by_agent_alone ON attempts (agent, facet, at_ms) WHERE endpoint IS NULL;
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
CREATE INDEX dead_letters_by_agent_alone ON dead_letters (agent, facet, at_ms) WHERE endpoint IS NULL;
CREATE INDEX dead_letters_malformed ON dead_letters (workspace, at_ms, agent, facet, custom) WHERE malformed = 1;
CREATE INDEX dead_letters_by_event ON dead_letters (event_hash, seq) WHERE event_hash IS NOT NULL;
CREATE INDEX dead_letters_by_workspace ON dead_letters (workspace, facet, at_ms, seq, agent, endpoint, custom);
CREATE INDEX dead_letters_by_agent ON dead_letters (agent, facet, at_ms);
CREATE INDEX dead_letters_by_call ON dead_letters (call_hash, facet, at_ms);

-- How often something came to a result in an interval, and how long it took (counts/stats.ts): what agents' events came to.
CREATE TABLE attempt_counts (
  agent INTEGER NOT NULL, interval INTEGER NOT NULL, result INTEGER NOT NULL, duration INTEGER NOT NULL,
  count INTEGER NOT NULL, PRIMARY KEY (agent, interval, result, duration)
) WITHOUT ROWID;

-- The same for an endpoint, by its hash.
CREATE TABLE endpoint_counts (
  endpoint INTEGER NOT NULL, interval INTEGER NOT NULL, result INTEGER NOT NULL, duration INTEGER NOT NULL,
  count INTEGER NOT NULL, PRIMARY KEY (endpoint, interval, result, duration)
) WITHOUT ROWID;

-- The same for a workspace: how long events waited for their first attempts.
CREATE TABLE workspace_counts (
  workspace INTEGER NOT NULL, interval INTEGER NOT NULL, result INTEGER NOT NULL, duration INTEGER NOT NULL,
  count INTEGER NOT NULL, PRIMARY KEY (workspace, interval, result, duration)
) WITHOUT ROWID;

-- All results of a workspace in a minute, without durations (counts/minute-counts.ts).
CREATE TABLE minute_counts (
  workspace INTEGER NOT NULL, minute INTEGER NOT NULL, result INTEGER NOT NULL, count INTEGER NOT NULL,
  PRIMARY KEY (workspace, minute, result)
) WITHOUT ROWID;

-- The attempts at an endpoint (then agent is 0), or at an agent's own subscriptions (then endpoint is 0), in an interval.
CREATE TABLE destination_counts (
  workspace INTEGER NOT NULL, endpoint INTEGER NOT NULL, agent INTEGER NOT NULL, interval INTEGER NOT NULL,
  attempted INTEGER NOT NULL, failed INTEGER NOT NULL, PRIMARY KEY (workspace, endpoint, agent, interval)
) WITHOUT ROWID;
CREATE INDEX destination_failures ON destination_counts (workspace, interval, endpoint, agent, failed) WHERE failed > 0;

-- First attempts whose events are not applied yet (counts/first-attempts.ts).
CREATE TABLE early_attempts (event_seq INTEGER NOT NULL, at_ms INTEGER NOT NULL);
CREATE INDEX early_attempts_by_event ON early_attempts (event_seq);

-- last_seq is on ATTEMPTS, last_dead_letter_seq on DEAD_LETTERS; 0: nothing there has counted.
CREATE TABLE redeliveries (
  workspace INTEGER NOT NULL, name TEXT NOT NULL, attempted INTEGER NOT NULL, delivered INTEGER NOT NULL,
  failed INTEGER NOT NULL, cancelled INTEGER NOT NULL, last_seq INTEGER NOT NULL,
  last_dead_letter_seq INTEGER NOT NULL, PRIMARY KEY (workspace, name)
) WITHOUT ROWID;
`;

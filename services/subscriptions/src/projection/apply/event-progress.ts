import type { DatabaseSync } from "node:sqlite";
import type { AttemptRecord } from "@ringback/contracts/deliveries/attempt";
import type { DeadLetter } from "@ringback/contracts/deliveries/dead-letter";
import type { FanOut } from "@ringback/contracts/deliveries/fan-out";
import { deliveryIdParts, endpointIdIn } from "@ringback/contracts/deliveries/delivery-id";
import type { EventAddress } from "@ringback/contracts/streams/subjects";
import { customType, EVENT_FACETS, SEVERAL } from "../file/facets.ts";
import { firstAttempts } from "../counts/first-attempts.ts";
import { callHash, endpointHash, type Ids } from "../file/ids.ts";
import { keepCalls } from "./calls.ts";
import {
  afterDeadLetter,
  afterRecord,
  isSame,
  NO_FACTS,
  type DeliveryFacts,
} from "./delivery-facts.ts";
import { keepDestination } from "./destinations.ts";
import { factsIn, progressWriter } from "./progress-columns.ts";
import { severalDeliveries } from "./several-deliveries.ts";

/** What an event's row has. */
type Known =
  /** The event is its one delivery, to its agent's subscription, as far as is known. */
  | { readonly kind: "single"; readonly facts: DeliveryFacts }
  /** Its deliveries have rows of their own. */
  | { readonly kind: "several" }
  /** The event is another workspace's: the message is not about it. */
  | { readonly kind: "foreign" };

/** The event that a message is about. */
export type AboutEvent = { readonly eventSeq: number; readonly address: EventAddress };

/**
 * Keeps the status of events as records, dead letters and sets of destinations come in. Streams are followed side by
 * side, so these may come before their event: they make a row without a time, which no list shows until the event comes.
 */
export const eventProgress = (db: DatabaseSync, ids: Ids) => {
  const known = knownEvents(db, ids);
  const write = progressWriter(db, "events");
  const several = severalDeliveries(db);
  const destination = keepDestination(db);
  const beside = besideStatus(db, ids);
  /** The facts of an event that is its own delivery; undefined: this delivery has, or has now, a row of its own. */
  const singleFacts = (about: AboutEvent, before: Known, endpointId: string | undefined) => {
    if (before.kind !== "single") return undefined;
    if (endpointId === undefined) return before.facts;
    several.split(about.eventSeq, about.address.eventType, before.facts);
    return undefined;
  };
  return {
    came: beside.came,
    recorded: (about: AboutEvent, deliveryId: string, record: AttemptRecord): void => {
      const before = known.of(about);
      if (before.kind === "foreign") return;
      beside.attempted(about, deliveryId, record);
      const { eventSeq, address } = about;
      const { endpointId, token: redelivery = null } = deliveryIdParts(deliveryId) ?? {};
      const { request } = record;
      const sentTo = request === undefined ? null : destination(request.url, eventSeq);
      const what = { record, redelivery, destination: sentTo };
      const facts = singleFacts(about, before, endpointId);
      if (facts === undefined) {
        several.recorded(at(about, endpointId), what);
        return;
      }
      const after = afterRecord(facts, record);
      write.recorded([eventSeq], EVENT_FACETS.of(address.eventType, after.status), after, what);
    },
    deadLettered: (
      about: AboutEvent,
      deadLetter: Pick<DeadLetter, "reason" | "at"> & { readonly [field: string]: unknown },
    ): void => {
      const before = known.of(about);
      if (before.kind === "foreign") return;
      const endpointId = endpointIdIn(deadLetter);
      const facts = singleFacts(about, before, endpointId);
      if (facts === undefined) {
        several.deadLettered(at(about, endpointId), deadLetter);
        return;
      }
      const after = afterDeadLetter(facts, deadLetter);
      if (isSame(facts, after)) return;
      const facet = EVENT_FACETS.of(about.address.eventType, after.status);
      write.deadLettered([about.eventSeq], facet, after);
    },
    /** The deliveries of an event, which may have no record yet. */
    fannedOut: (about: AboutEvent, deliveries: FanOut["deliveries"]): void => {
      const before = known.of(about);
      if (before.kind === "foreign") return;
      if (before.kind === "single") {
        several.split(about.eventSeq, about.address.eventType, before.facts);
      }
      for (const { endpoint_id } of deliveries) several.planned(at(about, endpoint_id));
    },
  };
};

/** What events and attempts change beside the status. */
const besideStatus = (db: DatabaseSync, ids: Ids) => {
  const calls = keepCalls(db);
  const first = firstAttempts(db);
  return {
    /** An event that EVENTS has; `isFirst`: nothing about it has come before. */
    came: (
      { eventSeq: seq, address }: AboutEvent,
      { atMs, isFirst }: { readonly atMs: number; readonly isFirst: boolean },
    ): void => {
      const { workspace, agent } = ids.ensured(address.workspaceId, address.agentId);
      calls.event(address, { workspace, agent }, seq, atMs);
      if (!isFirst) first.eventCame({ seq, workspace, agent }, atMs);
    },
    attempted: (
      { address, eventSeq: seq }: AboutEvent,
      deliveryId: string,
      record: AttemptRecord,
    ): void => {
      const { workspace, agent } = ids.ensured(address.workspaceId, address.agentId);
      calls.attempted(address, workspace);
      const { token } = deliveryIdParts(deliveryId) ?? {};
      if (record.attempt !== 1 || token !== undefined || record.trigger === "test") return;
      first.made({ seq, workspace, agent }, Date.parse(record.at));
    },
  };
};

const at = ({ eventSeq, address }: AboutEvent, endpointId: string | undefined) => {
  const { workspaceId, eventType } = address;
  return { eventSeq, eventType, endpoint: endpointHash(workspaceId, endpointId) };
};

const knownEvents = (db: DatabaseSync, ids: Ids) => {
  const find = db.prepare(
    "SELECT workspace, facet, attempts, last_ended_ms, dead_letter_ms FROM events WHERE seq = ?",
  );
  const add = db.prepare(`
    INSERT INTO events (seq, workspace, agent, facet, custom, call_hash, call_id, size_bytes, is_test, attempts)
    VALUES (?, ?, ?, ?, ?, ?, ?, 0, 0, 0)`);
  return {
    of: ({ eventSeq, address }: AboutEvent): Known => {
      const { workspaceId, agentId, callId, eventType } = address;
      const { workspace, agent } = ids.ensured(workspaceId, agentId);
      const row = find.get(eventSeq);
      if (row === undefined) {
        const facet = EVENT_FACETS.of(eventType, "pending");
        const custom = customType(eventType);
        add.run(eventSeq, workspace, agent, facet, custom, callHash(workspaceId, callId), callId);
        return { kind: "single", facts: NO_FACTS };
      }
      if (Number(row["workspace"]) !== workspace) return { kind: "foreign" };
      const status = EVENT_FACETS.stateOf(Number(row["facet"]));
      if (status === SEVERAL) return { kind: "several" };
      return { kind: "single", facts: { status, ...factsIn(row) } };
    },
  };
};

import type { DatabaseSync } from "node:sqlite";
import { firstDeliveryId, redeliveryDeliveryId } from "@ringback/contracts/deliveries/delivery-id";
import { worstStatus, type EventStatus } from "@ringback/contracts/deliveries/event-status";
import { DELIVERY_FACETS, EVENT_FACETS, SEVERAL } from "../file/facets.ts";
import type { Ids } from "../file/ids.ts";
import type { DeliveryPosition, DeliveryRow, EventRow } from "../projection.ts";
import type { Seen } from "./row-queries.ts";

type Row = Readonly<Record<string, unknown>>;

/** Whose rows they are, and what of them is seen; undefined: all. */
type Of = { readonly workspaceId: string; readonly seen: Seen | undefined };

/** Reads the rows of events of a workspace, and of their deliveries; undefined where they are gone. */
export const eventRowReader = (db: DatabaseSync, ids: Ids) => {
  const find = db.prepare(`
    SELECT agent, facet, custom, at_ms, call_id, size_bytes, is_test, attempts, last_attempt_ms, next_attempt_ms,
      last_status_code, url, redelivery
    FROM events LEFT JOIN destinations ON id = destination WHERE seq = ?`);
  const findStates = db.prepare(`
    SELECT endpoint, facet, attempts, last_attempt_ms, next_attempt_ms, last_status_code, url
    FROM deliveries LEFT JOIN destinations ON id = destination WHERE event_seq = ?`);
  const deliveriesOf = (seq: number, seen: Seen | undefined): readonly Row[] => {
    const all = findStates.all(seq);
    return seen === undefined
      ? all
      : all.filter((row) => seen.endpoints.includes(Number(row["endpoint"])));
  };
  const findDelivery = db.prepare(`
    SELECT facet, attempts, last_attempt_ms, next_attempt_ms, last_status_code, url, redelivery, name, uid
    FROM deliveries LEFT JOIN destinations ON id = destination LEFT JOIN endpoints ON hash = endpoint
    WHERE event_seq = ? AND endpoint = ?`);
  const eventOf = (seq: number, { workspaceId, seen }: Of, row: Row): EventRow => {
    const facet = Number(row["facet"]);
    const eventType = textOf(row["custom"]) ?? EVENT_FACETS.typeOf(facet);
    if (eventType === undefined)
      throw new Error(`event ${seq} has a facet without a type: ${facet}`);
    const agentId = ids.agentName(Number(row["agent"]));
    const state = EVENT_FACETS.stateOf(facet);
    return {
      seq,
      address: { workspaceId, agentId, callId: String(row["call_id"]), eventType },
      storedAtMs: Number(row["at_ms"]),
      sizeBytes: Number(row["size_bytes"]),
      isTest: row["is_test"] === 1,
      ...attemptsOf(row),
      ...(state === SEVERAL ? ofSeveral(deliveriesOf(seq, seen), seen) : { status: state }),
    };
  };
  return {
    event: (seq: number, of: Of): EventRow | undefined => {
      const row = find.get(seq);
      return row === undefined ? undefined : eventOf(seq, of, row);
    },
    /** The statuses of an event's deliveries that are seen; that of an event without any. */
    statuses: (seq: number, { seen }: Of): readonly EventStatus[] => {
      const state = EVENT_FACETS.stateOf(Number(find.get(seq)?.["facet"] ?? 0));
      if (state !== SEVERAL) return [state];
      const statuses = deliveriesOf(seq, seen).map(statusOf);
      return statuses.length === 0 ? ["no_subscription"] : statuses;
    },
    delivery: ({ seq, endpoint }: DeliveryPosition, of: Of): DeliveryRow | undefined => {
      const row = find.get(seq);
      if (row === undefined) return undefined;
      const event = eventOf(seq, of, row);
      const state = EVENT_FACETS.stateOf(Number(row["facet"]));
      if (state !== SEVERAL) return { event, status: state, ...deliveryOf(seq, row) };
      const found = findDelivery.get(seq, endpoint);
      if (found === undefined) return undefined;
      const status = DELIVERY_FACETS.stateOf(Number(found["facet"]));
      return { event, status, ...deliveryOf(seq, found) };
    },
  };
};

const statusOf = (row: Row): EventStatus => DELIVERY_FACETS.stateOf(Number(row["facet"]));

/** Of an event with several destinations. Of its attempts, the event's row counts those that are not seen, too. */
const ofSeveral = (
  deliveries: readonly Row[],
  seen: Seen | undefined,
): Pick<EventRow, "status" | "nextAttemptAtMs"> => {
  const next = deliveries.flatMap((row) => numberOf(row["next_attempt_ms"]) ?? []);
  const none = seen === undefined ? "pending" : "no_subscription";
  return {
    ...(seen === undefined ? {} : attemptsOfAll(deliveries)),
    status: worstStatus(deliveries.map(statusOf)) ?? none,
    nextAttemptAtMs: next.length === 0 ? undefined : Math.min(...next),
  };
};

const attemptsOfAll = (deliveries: readonly Row[]) => {
  const all = deliveries.map(attemptsOf);
  const [last] = all.toSorted((a, b) => (b.lastAttemptAtMs ?? 0) - (a.lastAttemptAtMs ?? 0));
  return {
    attempts: all.reduce((sum, one) => sum + one.attempts, 0),
    lastAttemptAtMs: last?.lastAttemptAtMs,
    lastStatusCode: last?.lastStatusCode,
    destination: last?.destination,
  };
};

const deliveryOf = (seq: number, row: Row): Omit<DeliveryRow, "event" | "status"> => {
  const endpointId = textOf(row["name"]);
  const token = textOf(row["redelivery"]);
  return {
    deliveryId:
      token === undefined
        ? firstDeliveryId(seq, endpointId)
        : redeliveryDeliveryId(seq, token, endpointId),
    endpointId,
    uid: textOf(row["uid"]),
    ...attemptsOf(row),
  };
};

const attemptsOf = (row: Row) => ({
  attempts: Number(row["attempts"]),
  lastAttemptAtMs: numberOf(row["last_attempt_ms"]),
  lastStatusCode: numberOf(row["last_status_code"]),
  destination: textOf(row["url"]),
  nextAttemptAtMs: numberOf(row["next_attempt_ms"]),
});

const textOf = (value: unknown): string | undefined =>
  typeof value === "string" ? value : undefined;

const numberOf = (value: unknown): number | undefined =>
  typeof value === "number" ? value : undefined;

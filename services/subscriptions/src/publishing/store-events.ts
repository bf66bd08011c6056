import { Buffer } from "node:buffer";
import { createHmac, randomUUID } from "node:crypto";
import { JetStreamApiError } from "@nats-io/jetstream";
import { headers as newHeaders } from "@nats-io/nats-core";
import { MAX_EVENT_BYTES, type EventMessage } from "@ringback/contracts/events/event";
import { traceHeaders, type TraceContext } from "@ringback/contracts/trace-context";
import type { Nats } from "@ringback/runtime/nats/connection";
import { mapConcurrently } from "@ringback/runtime/process/concurrency";
import { maxBodyBytes } from "@ringback/runtime/nats/publish";
import { isUnavailable, REPLY_TIMEOUT_MS, refuseWhileDisconnected } from "../streams/ask.ts";
import { readEventMessage } from "../streams/read-stream.ts";

/** The result of storing one event of a request. */
export type StoredItem =
  /** `duplicate`: the event with this sequence used the message id before; `differs`: and had another body. */
  | {
      readonly kind: "stored";
      readonly seq: number;
      readonly duplicate: boolean;
      readonly differs: boolean;
    }
  /** EVENTS takes no more. */
  | { readonly kind: "full" }
  /** NATS did not reply: the event may be stored or not. */
  | { readonly kind: "unconfirmed" }
  /** Not sent, because storing another event failed. */
  | { readonly kind: "not_tried" };

/** Stores events on EVENTS. */
export type EventStore = {
  readonly maxEventBytes: () => number;
  /**
   * Each with its message id, in no promised order; throws while NATS is disconnected. `trace`: the request's,
   * where requests are traced.
   */
  readonly store: (
    events: readonly EventMessage[],
    trace?: TraceContext,
  ) => Promise<readonly StoredItem[]>;
};

/** Of one request: the server's first reply comes before this many are written. */
const MAX_IN_FLIGHT = 64;

// Numbers from nats-server's errors.json.
const FULL = new Set([
  10_077, // the stream has as much as it may have, and discards new messages
  10_023, // the server's storage is full
  10_002, // the account's
]);

export const eventStore = (nats: Nats): EventStore => ({
  maxEventBytes: () => Math.min(MAX_EVENT_BYTES, maxBodyBytes(nats) ?? MAX_EVENT_BYTES),
  store: async (events, trace) => {
    refuseWhileDisconnected(nats);
    const items = new Map<string, StoredItem>();
    // A message id that comes twice is published once: a cluster may refuse two copies at the same time.
    const queue = [...Map.groupBy(events, ({ messageId }) => messageId).values()].flatMap(
      ([first]) => first ?? [],
    );
    let isOver = false;
    await mapConcurrently(queue, MAX_IN_FLIGHT, async (event) => {
      if (isOver) return;
      const item = await stored(event, trace, nats);
      items.set(event.messageId, item);
      isOver ||= item.kind !== "stored";
    });
    return inOrder(events, items);
  },
});

const inOrder = (
  events: readonly EventMessage[],
  items: ReadonlyMap<string, StoredItem>,
): StoredItem[] => {
  const stored = new Map<string, Uint8Array>();
  return events.map(({ messageId, body }) => {
    const item = items.get(messageId) ?? ({ kind: "not_tried" } as const);
    const other = stored.get(messageId);
    if (other === undefined || item.kind !== "stored") {
      stored.set(messageId, body);
      return item;
    }
    const differs = item.differs || Buffer.compare(other, body) !== 0;
    return { ...item, duplicate: true, differs };
  });
};

const stored = async (
  event: EventMessage,
  trace: TraceContext | undefined,
  nats: Nats,
): Promise<StoredItem> => {
  try {
    const first = await published(event, trace, nats);
    if (!first.duplicate) return first;
    // The message that JetStream takes as the original. Where it is gone, it counts as the same.
    const before = await readEventMessage(nats, first.seq);
    if (before === null) return first;
    if (before.subject === event.subject) {
      return { ...first, differs: Buffer.compare(before.data, event.body) !== 0 };
    }
    // The key was used for an event of another call, agent or type: nobody else knows such an id.
    if (workspaceOf(before.subject) === workspaceOf(event.subject))
      return { ...first, differs: true };
    // Somebody on NATS took the message id in another workspace: the event is stored, even if it is stored twice then.
    return await published({ ...event, messageId: randomUUID() }, trace, nats);
  } catch (error) {
    if (error instanceof JetStreamApiError && FULL.has(error.code)) return { kind: "full" };
    if (isUnavailable(error)) return { kind: "unconfirmed" };
    throw error;
  }
};

const workspaceOf = (eventSubject: string): string | undefined => eventSubject.split(".")[1];

const published = async (
  { subject, body, messageId }: EventMessage,
  trace: TraceContext | undefined,
  nats: Nats,
): Promise<StoredItem & { kind: "stored" }> => {
  const headers = newHeaders(); // a new object each time: the client writes into it
  for (const [name, value] of traceHeaders(trace)) headers.set(name, value);
  const publication = { msgID: messageId, timeout: REPLY_TIMEOUT_MS, headers };
  const { seq, duplicate } = await nats.js.publish(subject, body, publication);
  return { kind: "stored", seq, duplicate, differs: false };
};

/** The publisher's API key as its digest, and the request's `Idempotency-Key`. */
export type Publisher = { readonly keyDigest: string; readonly idempotencyKey: string | undefined };

/**
 * The events with message ids that nobody can guess without the API key, so that no producer on NATS can use one
 * first. The same request with the same API key gets the same ids in every instance. With an `Idempotency-Key`
 * the id depends on that key and on the event's number, so that another event with this number is noticed.
 */
export const withSecretIds = (
  { keyDigest, idempotencyKey }: Publisher,
  events: readonly EventMessage[],
): EventMessage[] =>
  events.map((event, n) => {
    const hmac = createHmac("sha256", keyDigest);
    if (idempotencyKey === undefined) hmac.update(JSON.stringify([event.messageId]));
    else hmac.update(JSON.stringify([idempotencyKey, n]));
    return { ...event, messageId: `http:${hmac.digest("hex")}` };
  });

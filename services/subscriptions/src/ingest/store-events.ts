import { createHash } from "node:crypto";
import { JetStreamApiError } from "@nats-io/jetstream";
import { headers as newHeaders } from "@nats-io/nats-core";
import { MAX_EVENT_BYTES, type EventMessage } from "@ringback/contracts/event";
import { traceHeaders, type TraceContext } from "@ringback/contracts/trace-context";
import type { Nats } from "@ringback/runtime/nats";
import { maxBodyBytes } from "@ringback/runtime/publish";
import { isUnavailable, refuseWhileDisconnected } from "../unavailable.ts";

/** What became of one event of a request. */
export type StoredItem =
  /** `duplicate`: it was stored before, at that sequence. */
  | { readonly kind: "stored"; readonly seq: number; readonly duplicate: boolean }
  /** EVENTS takes no more. */
  | { readonly kind: "full" }
  /** There was no answer: it may be stored or not. */
  | { readonly kind: "unconfirmed" }
  /** Not even tried, as another one could not be stored. */
  | { readonly kind: "not_tried" };

/** Stores events, and knows what a server of NATS takes. */
export type EventStore = {
  readonly maxEventBytes: () => number;
  /**
   * Each with its message id, in no promised order; throws where NATS cannot be asked at all. `trace`:
   * what asked for it, where that is traced.
   */
  readonly store: (
    events: readonly EventMessage[],
    trace?: TraceContext,
  ) => Promise<readonly StoredItem[]>;
};

/** Of one request: the server answers the first before the last of so many are written. */
const MAX_IN_FLIGHT = 64;
const PUBLISH_TIMEOUT_MS = 2_000;

// Numbers from nats-server's errors.json.
const FULL = new Set([
  10_077, // the stream has as much as it may have, and discards new messages
  10_023, // the server's storage is full
  10_002, // the account's
]);

export const eventStore = (nats: Nats): EventStore => ({
  maxEventBytes: () => {
    return Math.min(MAX_EVENT_BYTES, maxBodyBytes(nats) ?? MAX_EVENT_BYTES);
  },
  store: async (events, trace) => {
    refuseWhileDisconnected(nats);
    const items = new Map<string, StoredItem>();
    // Twice in one request is once: a cluster does not like two copies at the same time.
    const queue = [...new Map(events.map((event) => [event.messageId, event])).values()];
    let isOver = false;
    const work = async (): Promise<void> => {
      for (let next = queue.shift(); next !== undefined && !isOver; next = queue.shift()) {
        const item = await stored(next, trace, nats);
        items.set(next.messageId, item);
        isOver ||= item.kind !== "stored";
      }
    };
    await Promise.all(Array.from({ length: MAX_IN_FLIGHT }, work));
    return inOrder(events, items);
  },
});

const inOrder = (
  events: readonly EventMessage[],
  items: ReadonlyMap<string, StoredItem>,
): StoredItem[] => {
  const seen = new Set<string>();
  return events.map(({ messageId }) => {
    const item = items.get(messageId) ?? ({ kind: "not_tried" } as const);
    const isRepeat = seen.has(messageId);
    seen.add(messageId);
    return item.kind === "stored" && isRepeat ? { ...item, duplicate: true } : item;
  });
};

const stored = async (
  { subject, body, messageId }: EventMessage,
  trace: TraceContext | undefined,
  nats: Nats,
): Promise<StoredItem> => {
  const headers = newHeaders(); // made anew each time: the client writes into it
  for (const [name, value] of traceHeaders(trace)) headers.set(name, value);
  try {
    const ack = await nats.js.publish(subject, body, {
      msgID: messageId,
      timeout: PUBLISH_TIMEOUT_MS,
      headers,
    });
    return { kind: "stored", seq: ack.seq, duplicate: ack.duplicate };
  } catch (error) {
    if (error instanceof JetStreamApiError && FULL.has(error.code)) return { kind: "full" };
    if (isUnavailable(error)) return { kind: "unconfirmed" };
    throw error;
  }
};

/**
 * Message ids that come from an `Idempotency-Key`: for the same request the same ones, of no other
 * workspace's and no producer's form. What an event says is in its id, so that a key that is used again
 * for other events loses none of them.
 */
export const keyedEvents = (
  workspaceId: string,
  key: string,
  events: readonly EventMessage[],
): EventMessage[] =>
  events.map((event, n) => {
    const hash = createHash("sha256");
    hash.update(JSON.stringify([workspaceId, key, n, event.subject])).update(event.body);
    return { ...event, messageId: `key:${hash.digest("hex")}` };
  });

import type { JsMsg } from "@nats-io/jetstream";
import { MAX_EVENT_BYTES } from "@ringback/contracts/events/event";
import type { TraceContext } from "@ringback/contracts/trace-context";
import { ACK_WAIT_MS } from "@ringback/runtime/streams/consumers";
import { elapsedMs } from "@ringback/runtime/process/elapsed";
import { rawHeaders } from "@ringback/runtime/nats/message-headers";
import type { Span } from "@ringback/runtime/telemetry/tracer";
import type { DeferrableDelivery, Delivery } from "../delivery/delivery.ts";
import type { DeliveryResult, ReadingLock } from "../delivery/delivery-result.ts";

/** A message that this process is working on (JetStream: ack pending). */
export type InFlightMessage = {
  readonly message: JsMsg;
  /** Memory held for it. */
  bytes: number;
  /** Acknowledged or nak'ed: no heartbeats any more. */
  settled: boolean;
  /**
   * The server knew at this time, by `elapsedMs`, that the message was in work: at first the start of the
   * pull that brought it, later the heartbeats that it has confirmed.
   */
  confirmedMs: number;
  /** Changes `bytes`: the event was read, or its body dropped. */
  readonly setBytes: (bytes: number) => void;
  /** The delivery that was parsed from it; the body may be dropped before the work ends. */
  delivery?: DeferrableDelivery;
  /** Time of the last heartbeat. */
  heartbeatMs: number;
  /** When the delivery's last record was last read, by `elapsedMs`. */
  recordReadMs: number;
  /** Of a message that was delivered before. */
  readingLock?: ReadingLock;
  /** Where deliveries are traced. */
  trace?: MessageTrace | undefined;
};

/** The span of a message in flight (tracing/delivery-span.ts). */
export type MessageTrace = {
  /** From the start of the work on the message to its end. */
  readonly span: Span;
  /** The delivery's first trace: later ones are linked to it. */
  readonly origin: TraceContext;
  readonly setDelivery: (delivery: Delivery) => void;
  readonly setResult: (result: DeliveryResult) => void;
  readonly setDeadLetter: (reason: string, eventId?: string) => void;
};

/** A reply to a heartbeat may take this long; after that the server may have given the message to another process. */
const CONFIRM_MARGIN_MS = 3_000;

/**
 * Whether another process may have the message by now: the server has confirmed no heartbeat for nearly
 * `ack_wait`. Leave it alone then; it comes again, and the fence decides.
 */
export const mayBeRedelivered = ({ confirmedMs }: Pick<InFlightMessage, "confirmedMs">): boolean =>
  elapsedMs() - confirmedMs > ACK_WAIT_MS - CONFIRM_MARGIN_MS;

/** Heartbeat interval; with scheduling delay still well below ack_wait (15 s), so two lost heartbeats are harmless. */
const HEARTBEAT_EVERY_MS = 3_500;

/** Heartbeats are spread: a thousand in one go would block the event loop for 10 ms. */
const TICK_MS = 100;
const TICKS_FOR_ALL = 15;

/** Bodies stay in memory while their messages are in flight; beyond this nothing is pulled. */
const MAX_BYTES_IN_FLIGHT = 128 * 1024 * 1024;

type AddResult =
  | { readonly kind: "added"; readonly inFlight: InFlightMessage }
  /** This very message is in flight here: its end acknowledges this delivery of it, too. */
  | { readonly kind: "same" }
  /** Another message of its delivery is in flight here. */
  | { readonly kind: "other" };

/** The messages in flight, one per delivery, kept alive together by one timer. */
export type InFlightRegistry = {
  /** Adds a message of a delivery, unless that is in flight here already. */
  readonly add: (key: string, message: JsMsg, pulledMs: number) => AddResult;
  /** The same, but where another message of its delivery is in flight, waits up to `timeoutMs` for its end. */
  readonly addWhenFree: (
    key: string,
    message: JsMsg,
    pulledMs: number,
    timeoutMs: number,
  ) => Promise<AddResult>;
  readonly remove: (key: string) => void;
  /** How many more messages may be added; waits up to `timeoutMs` for room for one. */
  readonly room: (timeoutMs: number) => Promise<number>;
  /** Resolves when nothing is in flight, or the signal is aborted. */
  readonly empty: (signal: AbortSignal) => Promise<void>;
  readonly close: () => void;
};

/**
 * `roomElsewhere` caps free capacity; re-read after every removal. `confirm` resolves true once the server
 * has received everything sent before.
 */
export const inFlightRegistry = (
  max: number,
  roomElsewhere: () => number,
  confirm: () => Promise<boolean>,
): InFlightRegistry => {
  const messages = new Map<string, InFlightMessage>();
  const removals = new Set<() => void>();
  let bytesInFlight = 0;
  let waiting = 0;
  const free = (): number => {
    // Each may be as large as an event can be.
    const roomForBytes = Math.floor((MAX_BYTES_IN_FLIGHT - bytesInFlight) / MAX_EVENT_BYTES);
    return Math.min(max - messages.size, roomForBytes, roomElsewhere());
  };
  const setBytes = (inFlight: InFlightMessage, bytes: number): void => {
    bytesInFlight += bytes - inFlight.bytes;
    inFlight.bytes = bytes;
    for (const notify of removals) notify();
  };
  const timer = setInterval(() => void sendHeartbeats(messages, confirm), TICK_MS);
  const add: InFlightRegistry["add"] = (key, message, pulledMs) => {
    const present = messages.get(key);
    if (present !== undefined) return { kind: isSame(present.message, message) ? "same" : "other" };
    const bytes = message.data.byteLength + rawHeaders(message).byteLength;
    const inFlight: InFlightMessage = {
      message,
      bytes,
      settled: false,
      confirmedMs: pulledMs,
      heartbeatMs: pulledMs,
      recordReadMs: elapsedMs(),
      setBytes: (now) => setBytes(inFlight, now),
    };
    messages.set(key, inFlight);
    bytesInFlight += bytes;
    return { kind: "added", inFlight };
  };
  return {
    add,
    addWhenFree: async (key, message, pulledMs, timeoutMs) => {
      waiting += 1;
      await until(() => !messages.has(key), removals, AbortSignal.timeout(timeoutMs));
      waiting -= 1;
      const added = add(key, message, pulledMs);
      for (const notify of removals) notify();
      return added;
    },
    remove: (key) => {
      bytesInFlight -= messages.get(key)?.bytes ?? 0;
      messages.delete(key);
      for (const notify of removals) notify();
    },
    room: async (timeoutMs) => {
      if (free() < 1) await until(() => free() > 0, removals, AbortSignal.timeout(timeoutMs));
      return Math.max(0, free());
    },
    empty: (signal) => until(() => messages.size + waiting === 0, removals, signal),
    close: () => clearInterval(timer),
  };
};

const isSame = (one: JsMsg, other: JsMsg): boolean =>
  one.seq === other.seq && one.info.stream === other.info.stream;

const sendHeartbeats = async (
  messages: ReadonlyMap<string, InFlightMessage>,
  confirm: () => Promise<boolean>,
): Promise<void> => {
  const nowMs = elapsedMs();
  const max = Math.ceil(messages.size / TICKS_FOR_ALL);
  const sent: InFlightMessage[] = [];
  for (const inFlight of messages.values()) {
    if (sent.length === max) break;
    if (inFlight.settled || nowMs - inFlight.heartbeatMs < HEARTBEAT_EVERY_MS) continue;
    inFlight.message.working();
    inFlight.heartbeatMs = nowMs;
    sent.push(inFlight);
  }
  if (sent.length === 0 || !(await confirm())) return;
  // A heartbeat that came too late may have come after another process got the message.
  for (const inFlight of sent) if (!mayBeRedelivered(inFlight)) inFlight.confirmedMs = nowMs;
};

/** Resolves when the condition, checked on every notice, holds, or when the signal is aborted. */
const until = async (
  holds: () => boolean,
  notices: Set<() => void>,
  signal: AbortSignal,
): Promise<void> => {
  if (holds() || signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const check = (): void => {
    if (holds()) resolve();
  };
  const end = (): void => resolve();
  notices.add(check);
  signal.addEventListener("abort", end, { once: true });
  await promise;
  notices.delete(check);
  signal.removeEventListener("abort", end);
};

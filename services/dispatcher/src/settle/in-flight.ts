import type { JsMsg } from "@nats-io/jetstream";
import { MAX_EVENT_BYTES } from "@ringback/contracts/events/event";
import { ACK_WAIT_MS } from "@ringback/runtime/streams/consumers";
import { elapsedMs } from "@ringback/runtime/process/elapsed";
import { rawHeaders } from "@ringback/runtime/nats/message-headers";
import type { HandTrace } from "../tracing/delivery-span.ts";
import type { PutOff } from "./settle.ts";
import type { Desk } from "../intake/suspects.ts";

/** One message that this process is working on. */
export type InHand = {
  readonly message: JsMsg;
  /** What is held for it. */
  bytes: number;
  /** The message was acknowledged or given back: it is no longer kept alive. */
  settled: boolean;
  /**
   * When the server has last heard that it is in work, by `elapsedMs`: at first the beginning of the pull
   * that brought it, later what it has confirmed.
   */
  heardMs: number;
  /** From now on so many bytes are held for it: its body was read, or let go. */
  readonly weigh: (bytes: number) => void;
  /** What the message was found to be about, as it may be let go of before its work is done. */
  delivery?: PutOff;
  /** When it was last told. */
  toldMs: number;
  /** When it was last known, by `elapsedMs`, what others have recorded of its delivery. */
  lookedMs: number;
  /** Where it was handed out before. */
  desk?: Desk;
  /** Where deliveries are traced. */
  trace?: HandTrace;
};

/** An answer to what the server was told may take this long; then it may have given the message to another. */
const UNHEARD_MARGIN_MS = 3_000;

/**
 * Whether another process may have the message by now, as the server has not heard of it for nearly as
 * long as it waits (`ack_wait`): it is left alone then. It comes again, and the fence decides.
 */
export const mayBeElsewhere = ({ heardMs }: Pick<InHand, "heardMs">): boolean =>
  elapsedMs() - heardMs > ACK_WAIT_MS - UNHEARD_MARGIN_MS;

/** With what `LOOK_EVERY_MS` adds at most: well below ack_wait (15 s), so that two lost heartbeats do no harm. */
const KEEP_ALIVE_EVERY_MS = 3_500;

/** Heartbeats are spread: those of a thousand messages in one go would hold everything up for 10 ms. */
const LOOK_EVERY_MS = 100;
const LOOKS_FOR_ALL = 15;

/** Bodies are held in memory while they are worked on; beyond this nothing more is pulled. */
const MAX_BYTES_IN_HAND = 128 * 1024 * 1024;

/** What became of a message that was to be taken. */
export type Taken =
  | { readonly kind: "taken"; readonly hand: InHand }
  /** This very message is in work here: its end acknowledges this delivery of it, too. */
  | { readonly kind: "same" }
  /** Another message of its delivery is in work here. */
  | { readonly kind: "other" };

/**
 * The messages in work, at most `maxInHand`: one per delivery, kept alive together by one timer. There
 * is never more room than `roomElsewhere` says; it is asked again whenever one is dropped. `isHeard`
 * resolves when the server has got what it was told before, false where it has not.
 */
export type HandRegistry = {
  /** Takes a message for a delivery, unless that is in work here already. */
  readonly take: (key: string, message: JsMsg, pulledMs: number) => Taken;
  readonly drop: (key: string) => void;
  /** How many more messages may be taken; waits up to `timeoutMs` for room for one. */
  readonly room: (timeoutMs: number) => Promise<number>;
  /** Resolves when nothing is in work, or the signal is aborted. */
  readonly empty: (signal: AbortSignal) => Promise<void>;
  readonly close: () => void;
};

export const handRegistry = (
  maxInHand: number,
  roomElsewhere: () => number,
  isHeard: () => Promise<boolean>,
): HandRegistry => {
  const inHand = new Map<string, InHand>();
  const dropped = new Set<() => void>();
  let bytesInHand = 0;
  const free = (): number => {
    // Each may be as large as an event can be.
    const roomForBytes = Math.floor((MAX_BYTES_IN_HAND - bytesInHand) / MAX_EVENT_BYTES);
    return Math.min(maxInHand - inHand.size, roomForBytes, roomElsewhere());
  };
  const weigh = (hand: InHand, bytes: number): void => {
    bytesInHand += bytes - hand.bytes;
    hand.bytes = bytes;
    for (const notify of dropped) notify();
  };
  const timer = setInterval(() => void keepSomeAlive(inHand, isHeard), LOOK_EVERY_MS);
  return {
    take: (key, message, pulledMs) => {
      const present = inHand.get(key);
      if (present !== undefined)
        return { kind: isSame(present.message, message) ? "same" : "other" };
      const bytes = message.data.byteLength + rawHeaders(message).byteLength;
      const [heardMs, toldMs, lookedMs] = [pulledMs, pulledMs, elapsedMs()];
      const hand: InHand = {
        message,
        bytes,
        settled: false,
        heardMs,
        toldMs,
        lookedMs,
        weigh: (now) => weigh(hand, now),
      };
      inHand.set(key, hand);
      bytesInHand += bytes;
      return { kind: "taken", hand };
    },
    drop: (key) => {
      bytesInHand -= inHand.get(key)?.bytes ?? 0;
      inHand.delete(key);
      for (const notify of dropped) notify();
    },
    room: async (timeoutMs) => {
      if (free() < 1) await until(() => free() > 0, dropped, AbortSignal.timeout(timeoutMs));
      return Math.max(0, free());
    },
    empty: (signal) => until(() => inHand.size === 0, dropped, signal),
    close: () => clearInterval(timer),
  };
};

const isSame = (one: JsMsg, other: JsMsg): boolean =>
  one.seq === other.seq && one.info.stream === other.info.stream;

const keepSomeAlive = async (
  inHand: ReadonlyMap<string, InHand>,
  isHeard: () => Promise<boolean>,
): Promise<void> => {
  const nowMs = elapsedMs();
  const most = Math.ceil(inHand.size / LOOKS_FOR_ALL);
  const told: InHand[] = [];
  for (const hand of inHand.values()) {
    if (told.length === most) break;
    if (hand.settled || nowMs - hand.toldMs < KEEP_ALIVE_EVERY_MS) continue;
    hand.message.working();
    hand.toldMs = nowMs;
    told.push(hand);
  }
  if (told.length === 0 || !(await isHeard())) return;
  // What it has heard too late it may have given away before.
  for (const hand of told) if (!mayBeElsewhere(hand)) hand.heardMs = nowMs;
};

/** Resolves when the condition holds, looked at on every notice, or when the signal is aborted. */
const until = async (
  holds: () => boolean,
  notices: Set<() => void>,
  signal: AbortSignal,
): Promise<void> => {
  if (holds() || signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const look = (): void => {
    if (holds()) resolve();
  };
  const giveUp = (): void => resolve();
  notices.add(look);
  signal.addEventListener("abort", giveUp, { once: true });
  await promise;
  notices.delete(look);
  signal.removeEventListener("abort", giveUp);
};

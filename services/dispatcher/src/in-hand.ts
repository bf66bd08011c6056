import type { JsMsg } from "@nats-io/jetstream";
import { MAX_EVENT_BYTES } from "@ringback/contracts/event";
import { rawHeaders } from "@ringback/runtime/message-headers";
import type { HandTrace } from "./delivery-trace.ts";
import type { PutOff } from "./settle.ts";

/** One message that this process is working on. */
export type InHand = {
  readonly message: JsMsg;
  /** What is held for it. */
  bytes: number;
  /** The message was acknowledged or given back: it is no longer kept alive. */
  settled: boolean;
  /** When the server last heard of it, by the monotonic clock. */
  heardMs: number;
  /** From now on so many bytes are held for it: its body was read, or let go. */
  readonly weigh: (bytes: number) => void;
  /** What the message was found to be about, as it may be let go of before its work is done. */
  delivery?: PutOff;
  /** Where deliveries are traced. */
  trace?: HandTrace;
};

/** With what `LOOK_EVERY_MS` adds at most: well below ack_wait (15 s), so that two lost heartbeats do no harm. */
const KEEP_ALIVE_EVERY_MS = 3_500;

/** Heartbeats are spread: those of a thousand messages in one go would hold everything up for 10 ms. */
const LOOK_EVERY_MS = 100;
const LOOKS_FOR_ALL = 15;

/** Bodies are held in memory while they are worked on; beyond this nothing more is pulled. */
const MAX_BYTES_IN_HAND = 128 * 1024 * 1024;

/**
 * The messages in work, at most `maxInHand`: one per delivery, kept alive together by one timer. There
 * is never more room than `roomElsewhere` says; it is asked again whenever one is dropped.
 */
export type HandRegistry = {
  /** Takes a message for a delivery; undefined when the delivery is in work here already. */
  readonly take: (key: string, message: JsMsg) => InHand | undefined;
  readonly drop: (key: string) => void;
  /** How many more messages may be taken; waits up to `timeoutMs` for room for one. */
  readonly room: (timeoutMs: number) => Promise<number>;
  /** Resolves when nothing is in work, or the signal is aborted. */
  readonly empty: (signal: AbortSignal) => Promise<void>;
  readonly close: () => void;
};

export const handRegistry = (maxInHand: number, roomElsewhere: () => number): HandRegistry => {
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
  const timer = setInterval(() => keepSomeAlive(inHand), LOOK_EVERY_MS);
  return {
    take: (key, message) => {
      if (inHand.has(key)) return undefined;
      const bytes = message.data.byteLength + rawHeaders(message).byteLength;
      const heardMs = performance.now();
      const taken: InHand = {
        message,
        bytes,
        settled: false,
        heardMs,
        weigh: (now) => weigh(taken, now),
      };
      inHand.set(key, taken);
      bytesInHand += bytes;
      return taken;
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

const keepSomeAlive = (inHand: ReadonlyMap<string, InHand>): void => {
  const nowMs = performance.now();
  let left = Math.ceil(inHand.size / LOOKS_FOR_ALL);
  for (const hand of inHand.values()) {
    if (hand.settled || nowMs - hand.heardMs < KEEP_ALIVE_EVERY_MS) continue;
    hand.message.working();
    hand.heardMs = nowMs;
    left -= 1;
    if (left === 0) return;
  }
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

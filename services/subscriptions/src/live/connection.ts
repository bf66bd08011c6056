import { Readable } from "node:stream";
import { positionId, type LivePosition, type LiveStreams } from "./decide/position.ts";
import { sseFrame, SSE_HEARTBEAT } from "./decide/sse-frame.ts";

/** What readers are told; the names are those on the wire. */
export type LiveEventName = "attempt" | "event" | "missed";

/** One who reads along: the answer to its request, and how far it was told. */
export type LiveReader = {
  readonly body: Readable;
  /** Aborted once nothing more can be told. */
  readonly gone: AbortSignal;
  /** Tells it one thing, which brings it further by `reached`; nothing is checked for room. */
  readonly tell: (name: LiveEventName, data: unknown, reached: Partial<LivePosition>) => void;
  /** Resolves once there is room for more, with whether that took any waiting, or when it is gone. */
  readonly room: () => Promise<boolean>;
  readonly heartbeat: () => void;
  /** Says why no more comes, and ends. One that does not read that either is cut off. */
  readonly end: (reason: EndReason) => void;
};

export type EndReason = "stopping" | "key_not_valid";

/** As much is written ahead of a reader, and one message more; the system's buffers come on top. */
const ROOM_BYTES = 64 * 1024;

/** Time for a reader of its last words. */
const END_WITHIN_MS = 2_000;

const RETRY_MS = 2_000;

/** A reader that was told everything up to `from`, and nothing since. */
export const liveReader = (from: LivePosition, streams: LiveStreams): LiveReader => {
  const gone = new AbortController();
  let position = from;
  let waiting: PromiseWithResolvers<void> | undefined;
  let hasRoom = true;
  const goOn = (): void => {
    hasRoom = true;
    waiting?.resolve();
    waiting = undefined;
  };
  const body = new Readable({ highWaterMark: ROOM_BYTES, read: goOn });
  const write = (text: string): void => {
    if (!gone.signal.aborted) hasRoom = body.push(text);
  };
  body.once("close", () => {
    gone.abort();
    goOn();
  });
  // With data: readers take note of an id only where there is some.
  write(sseFrame({ retryMs: RETRY_MS, id: positionId(from, streams), event: "ready", data: {} }));
  return {
    body,
    gone: gone.signal,
    tell: (event, data, reached) => {
      position = { ...position, ...reached };
      write(sseFrame({ id: positionId(position, streams), event, data }));
    },
    room: async () => {
      if (hasRoom || gone.signal.aborted) return false;
      waiting ??= Promise.withResolvers();
      await waiting.promise;
      return true;
    },
    heartbeat: () => {
      if (hasRoom) write(SSE_HEARTBEAT);
    },
    end: (reason) => {
      if (gone.signal.aborted) return;
      write(sseFrame({ event: "closing", data: { reason } }));
      body.push(null);
      gone.abort();
      goOn();
      const cutOff = setTimeout(() => body.destroy(), END_WITHIN_MS);
      body.once("close", () => clearTimeout(cutOff));
    },
  };
};

import { Readable } from "node:stream";
import { positionId, type LivePosition, type LiveStreams } from "./decide/position.ts";
import { sseFrame, SSE_HEARTBEAT } from "./decide/sse-frame.ts";

/** The events of a stream, by their names on the wire. */
type LiveEventName = "attempt" | "event" | "missed";

/** An open SSE connection: the body of its response, and the position of what was sent. */
export type LiveConnection = {
  readonly body: Readable;
  /** Aborted once nothing more can be sent. */
  readonly closed: AbortSignal;
  /** Sends an event, which moves the position to `reached`. It does not check for room. */
  readonly send: (name: LiveEventName, data: unknown, reached: Partial<LivePosition>) => void;
  /** Moves the position over what is not sent: the next event says so. */
  readonly pass: (reached: Partial<LivePosition>) => void;
  /** Resolves once there is room for more, with whether it had to wait, or when it is closed. */
  readonly room: () => Promise<boolean>;
  readonly heartbeat: () => void;
  /** Sends the reason and ends the body; destroys it where the client does not read that either. */
  readonly close: (reason: CloseReason) => void;
};

type CloseReason = "stopping" | "key_not_valid";

/** Written ahead of a slow client, plus one message; the system's buffers come on top. */
const BUFFER_BYTES = 64 * 1024;

const CLOSE_WITHIN_MS = 2_000;

/** How long clients wait before they connect again. */
const RETRY_MS = 2_000;

/** A new connection whose client has everything up to `from`. */
export const liveConnection = (from: LivePosition, streams: LiveStreams): LiveConnection => {
  const closed = new AbortController();
  let position = from;
  let waiting: PromiseWithResolvers<void> | undefined;
  let hasRoom = true;
  const resume = (): void => {
    hasRoom = true;
    waiting?.resolve();
    waiting = undefined;
  };
  const body = new Readable({ highWaterMark: BUFFER_BYTES, read: resume });
  const write = (text: string): void => {
    if (!closed.signal.aborted) hasRoom = body.push(text);
  };
  body.once("close", () => {
    closed.abort();
    resume();
  });
  // With data: clients take note of an id only where there is some.
  write(sseFrame({ retryMs: RETRY_MS, id: positionId(from, streams), event: "ready", data: {} }));
  return {
    body,
    closed: closed.signal,
    send: (event, data, reached) => {
      position = { ...position, ...reached };
      write(sseFrame({ id: positionId(position, streams), event, data }));
    },
    pass: (reached) => {
      position = { ...position, ...reached };
    },
    room: async () => {
      if (hasRoom || closed.signal.aborted) return false;
      waiting ??= Promise.withResolvers();
      await waiting.promise;
      return true;
    },
    heartbeat: () => {
      if (hasRoom) write(SSE_HEARTBEAT);
    },
    close: (reason) => {
      if (closed.signal.aborted) return;
      write(sseFrame({ event: "closing", data: { reason } }));
      body.push(null);
      closed.abort();
      resume();
      const timer = setTimeout(() => body.destroy(), CLOSE_WITHIN_MS);
      body.once("close", () => clearTimeout(timer));
    },
  };
};

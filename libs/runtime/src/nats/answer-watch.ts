import type { Socket } from "node:net";
import type { NatsConnection } from "@nats-io/transport-node";
import { pause } from "../process/backoff.ts";
import type { Logger } from "../telemetry/logger.ts";

/** How often the server is asked for a sign of life. */
const PING_EVERY_MS = 1_000;
/** A connection without one for this long is left: the next server is tried. */
const LEAVE_AFTER_MS = 4_000;
/** From then on it is said that nothing answers. */
const SILENT_FROM_MS = 2_500;

export type AnswerWatch = {
  /** How long the server has said nothing, in ms; undefined while that is no news. */
  readonly silentForMs: () => number | undefined;
  /** Goes to another server, as this one answers and is no help; not while there is no connection. */
  readonly leave: (why: string) => void;
};

/**
 * Asks the server for a sign of life every second, and leaves a connection on which none comes: a server
 * that hangs, or is cut off without a reset, keeps its connections open for as long as TCP tries.
 */
export const watchAnswers = (
  connection: NatsConnection,
  isConnected: () => boolean,
  log: Logger,
): AnswerWatch => {
  const closed = new AbortController();
  void connection.closed().then(() => closed.abort());
  let heardMs = performance.now();
  let isAsked = false;
  const ask = async (): Promise<void> => {
    if (isAsked || !isConnected()) return;
    isAsked = true;
    if (await pong(connection)) heardMs = performance.now();
    isAsked = false;
  };
  const watch = async (): Promise<void> => {
    let bytes = 0;
    while (!closed.signal.aborted) {
      const lookedMs = performance.now();
      void ask();
      await pause(PING_EVERY_MS, closed.signal);
      const nowMs = performance.now();
      // What this process itself was late by is nobody's silence.
      heardMs += Math.max(0, nowMs - lookedMs - PING_EVERY_MS);
      const { inBytes } = connection.stats();
      if (inBytes !== bytes || !isConnected()) heardMs = nowMs;
      bytes = inBytes;
      if (nowMs - heardMs < LEAVE_AFTER_MS) continue;
      log.warn({ server: connection.getServer(), silent_ms: nowMs - heardMs }, "nats.silent");
      heardMs = nowMs;
      leave(connection);
    }
  };
  void watch();
  return {
    silentForMs: () => {
      const silentMs = performance.now() - heardMs;
      return silentMs >= SILENT_FROM_MS ? silentMs : undefined;
    },
    leave: (why) => {
      if (!isConnected()) return;
      log.warn({ server: connection.getServer(), why }, "nats.no_help");
      leave(connection);
    },
  };
};

const pong = (connection: NatsConnection): Promise<boolean> =>
  connection.flush().then(
    () => true,
    () => false, // the connection was left meanwhile
  );

/**
 * The client's own `reconnect()` waits until what it has written is sent, which is never where the other
 * side reads no more.
 */
const leave = (connection: NatsConnection): void => {
  const { protocol } = connection as unknown as {
    readonly protocol?: { readonly transport?: { readonly socket?: Socket } };
  };
  const socket = protocol?.transport?.socket;
  if (socket === undefined) void connection.reconnect().catch(() => undefined);
  else socket.destroy();
};

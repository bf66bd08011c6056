import type { Socket } from "node:net";
import type { NatsConnection } from "@nats-io/transport-node";
import { pause } from "../process/backoff.ts";
import type { Logger } from "../telemetry/logger.ts";

const PING_EVERY_MS = 1_000;
/** After so long without a byte the client leaves the connection, and dials the next server. */
const LEAVE_AFTER_MS = 4_000;
/** After so long without a byte NATS counts as unavailable. */
const SILENT_FROM_MS = 2_500;

export type ConnectionWatch = {
  /** How long the server has been silent, in ms; undefined while that is normal. */
  readonly silentForMs: () => number | undefined;
  /** Dials another server, as this one replies and is of no use; does nothing without a connection. */
  readonly leave: (why: string) => void;
};

/**
 * Pings the server every second, and leaves a silent connection: a server that hangs, or is cut off without a
 * reset, keeps its connections open for as long as TCP retries.
 */
export const watchConnection = (
  connection: NatsConnection,
  isConnected: () => boolean,
  log: Logger,
): ConnectionWatch => {
  const closed = new AbortController();
  void connection.closed().then(() => closed.abort());
  let heardMs = performance.now();
  let isPinging = false;
  const ping = async (): Promise<void> => {
    if (isPinging || !isConnected()) return;
    isPinging = true;
    if (await pong(connection)) heardMs = performance.now();
    isPinging = false;
  };
  const watch = async (): Promise<void> => {
    let bytes = 0;
    while (!closed.signal.aborted) {
      const lookedMs = performance.now();
      void ping();
      await pause(PING_EVERY_MS, closed.signal);
      const nowMs = performance.now();
      // The time in which this process itself stood still does not count.
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

/** By its socket: `reconnect()` first sends the client's buffers, which never ends when the server stops reading. */
const leave = (connection: NatsConnection): void => {
  const { protocol } = connection as unknown as {
    readonly protocol?: { readonly transport?: { readonly socket?: Socket } };
  };
  const socket = protocol?.transport?.socket;
  if (socket === undefined) void connection.reconnect().catch(() => undefined);
  else socket.destroy();
};

import type { NodeConnectionOptions } from "@nats-io/transport-node";

const DIAL_AGAIN_AFTER_MS = 500;
const JITTER_MS = 250;

/**
 * Reconnects to the server that was dialled longest ago, so that the one that the client has just left comes last. By
 * default nats-core 3.4 dials the first server twice, and measures its pause by the wall clock: when that is set back
 * an hour, it waits an hour.
 */
export const reconnectOrder = (
  { monotonic, random } = { monotonic: () => performance.now(), random: Math.random },
) => {
  let dialledMs = new Map<string, number>();
  const last = (listen: string): number => dialledMs.get(listen) ?? -Infinity;
  const reconnectToServer: NonNullable<NodeConnectionOptions["reconnectToServer"]> = (pool) => {
    const [first, ...others] = pool;
    if (first === undefined) return null;
    const next = others.reduce((a, b) => (last(b.listen) < last(a.listen) ? b : a), first);
    const nowMs = monotonic();
    const againMs = last(next.listen) + DIAL_AGAIN_AFTER_MS + random() * JITTER_MS;
    const delay = Math.max(0, againMs - nowMs);
    const known = pool.map(({ listen }) => [listen, last(listen)] as const);
    dialledMs = new Map([...known, [next.listen, nowMs + delay]]);
    return { server: next, delay };
  };
  return { reconnectToServer, reconnectDelayHandler: () => -Infinity };
};

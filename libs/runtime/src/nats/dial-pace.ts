import type { NodeConnectionOptions } from "@nats-io/transport-node";

const DIAL_AGAIN_AFTER_MS = 500;
const JITTER_MS = 250;

/**
 * Which server the client dials, and when: the one that it has dialled longest ago, so never first the one that
 * it has just left. Left to itself, nats-core 3.4 dials the first server of all twice, and waits by the clock
 * on the wall: for an hour where that was set back an hour since the last dial.
 */
export const dialPace = (
  { monotonic, chance } = { monotonic: () => performance.now(), chance: Math.random },
) => {
  let dialledMs = new Map<string, number>();
  const last = (listen: string): number => dialledMs.get(listen) ?? -Infinity;
  const reconnectToServer: NonNullable<NodeConnectionOptions["reconnectToServer"]> = (pool) => {
    const [first, ...others] = pool;
    if (first === undefined) return null;
    const next = others.reduce((a, b) => (last(b.listen) < last(a.listen) ? b : a), first);
    const nowMs = monotonic();
    const againMs = last(next.listen) + DIAL_AGAIN_AFTER_MS + chance() * JITTER_MS;
    const delay = Math.max(0, againMs - nowMs);
    const known = pool.map(({ listen }) => [listen, last(listen)] as const);
    dialledMs = new Map([...known, [next.listen, nowMs + delay]]);
    return { server: next, delay };
  };
  return { reconnectToServer, reconnectDelayHandler: () => -Infinity };
};

import type { NodeConnectionOptions } from "@nats-io/transport-node";

const DIAL_AGAIN_AFTER_MS = 500;
const JITTER_MS = 250;

/**
 * How often the client dials each server. Its own waits go by the clock on the wall: where that was set
 * back an hour since the last dial, it would not dial for an hour (nats-core 3.4).
 */
export const dialPace = (
  { monotonic, chance } = { monotonic: () => performance.now(), chance: Math.random },
) => {
  let dialledMs = new Map<string, number>();
  const reconnectToServer: NonNullable<NodeConnectionOptions["reconnectToServer"]> = (pool) => {
    const [next] = pool; // whose turn it is
    if (next === undefined) return null;
    const nowMs = monotonic();
    const before = dialledMs.get(next.listen) ?? -Infinity;
    const delay = Math.max(0, before + DIAL_AGAIN_AFTER_MS + chance() * JITTER_MS - nowMs);
    const known = new Set(pool.map(({ listen }) => listen));
    dialledMs = new Map([...dialledMs].filter(([listen]) => known.has(listen)));
    dialledMs.set(next.listen, nowMs + delay);
    return { server: next, delay };
  };
  return { reconnectToServer, reconnectDelayHandler: () => -Infinity };
};

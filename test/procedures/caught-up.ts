import { eventually } from "../harness/eventually.ts";
import type { NatsClient } from "../harness/nats/nats-client.ts";

/**
 * Waits until every stream has all of its replicas, each up to date: only then may the next server go. On
 * Kubernetes the startup probe of the chart waits for the same (`/healthz`).
 */
export const caughtUp = ({ jsm }: NatsClient): Promise<unknown> =>
  eventually(
    async () => {
      const behind: string[] = [];
      for await (const { config, cluster } of jsm.streams.list()) {
        const replicas = cluster?.replicas ?? [];
        const current = replicas.filter((one) => one.current && !(one.offline ?? false));
        if (current.length < config.num_replicas - 1) behind.push(config.name);
      }
      if (behind.length > 0) throw new Error(`behind: ${behind.join()}`);
    },
    { timeoutMs: 60_000, intervalMs: 250, what: "every replica is up to date" },
  );

import type { NatsClient } from "./nats/nats-client.ts";
import { eventually } from "./eventually.ts";

/**
 * Resolves when nothing is owed any more: every event acknowledged, and then no retry left. In this
 * order there is no gap to slip through, as a next step is stored before its message is acknowledged.
 */
export const settled = (
  { jsm }: Pick<NatsClient, "jsm">,
  options: { readonly timeoutMs: number },
): Promise<unknown> =>
  eventually(
    async () => {
      const events = await jsm.consumers.info("EVENTS", "dispatcher");
      const retries = await jsm.consumers.info("RETRIES", "dispatcher");
      const { state } = await jsm.streams.info("RETRIES");
      const left = {
        events: events.num_pending + events.num_ack_pending,
        retries: state.messages,
        retriesInWork: retries.num_ack_pending,
      };
      if (Object.values(left).some((n) => n > 0)) throw new Error(JSON.stringify(left));
    },
    { ...options, intervalMs: 200, what: "every event and retry is settled" },
  );

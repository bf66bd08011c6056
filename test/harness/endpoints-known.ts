import { eventually } from "./eventually.ts";
import type { Services } from "./process/platform.ts";

/**
 * Waits until every dispatcher knows so many endpoints at least. An event whose agent has a subscription may miss an
 * endpoint that was stored just before it (docs/adr/0027).
 */
export const endpointsKnown = (
  { dispatchers }: Pick<Services, "dispatchers">,
  n: number,
): Promise<unknown> =>
  eventually(
    async () => {
      for (const dispatcher of dispatchers) {
        const known = (await dispatcher.metrics()).value("ringback_endpoints") ?? 0;
        if (known < n) throw new Error(`${known} endpoints are known`);
      }
    },
    { what: `${n} endpoints are known` },
  );

import { ENDPOINT_HEALTH } from "../../services/dispatcher/src/endpoint-health/decide/health.ts";
import { runDispatcher } from "../../services/dispatcher/src/run.ts";

/** The dispatcher as it is, with fractions of a second where its watch of endpoints waits for some. */
await runDispatcher({
  healthEvaluation: { everyMs: 150, leaseMs: 1_500, health: ENDPOINT_HEALTH },
});

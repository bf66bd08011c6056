import { HOLD_BACK } from "../../services/dispatcher/src/delivery/decide/retry.ts";
import { ENDPOINT_HEALTH } from "../../services/dispatcher/src/endpoint-health/decide/health.ts";
import { OVERDUE_WATCH } from "../../services/dispatcher/src/repair/decide/due.ts";
import { runDispatcher } from "../../services/dispatcher/src/run.ts";

/** The dispatcher as it is, with fractions of a second where its watch of endpoints waits for some. */
await runDispatcher((steps) => steps, HOLD_BACK, OVERDUE_WATCH, {
  everyMs: 150,
  leaseMs: 1_500,
  health: ENDPOINT_HEALTH,
});

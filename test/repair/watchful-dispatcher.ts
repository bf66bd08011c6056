import { runDispatcher } from "../../services/dispatcher/src/run.ts";

/** The dispatcher as it is, with fractions of a second where its retry reconciler waits for seconds. */
await runDispatcher({
  repair: {
    everyMs: 250,
    leaseMs: 1_500,
    overdueAfterMs: 500,
    missingAfterMs: 500,
    recheckAfterMs: 500,
    confirmAfterMs: 200,
  },
});

import { runDispatcher } from "../../services/dispatcher/src/run.ts";

/** The dispatcher as it is, with fractions of a second where its overdue watch waits for many. */
await runDispatcher({
  overdueWatch: {
    everyMs: 250,
    leaseMs: 1_500,
    overdueAfterMs: 500,
    missingAfterMs: 500,
    lookAgainMs: 500,
    confirmAfterMs: 200,
  },
});

import { runDispatcher } from "../../services/dispatcher/src/run.ts";

/** The dispatcher as it is, with seconds where an hour is waited for. */
await runDispatcher((steps) => steps, { firstMs: 200, mostMs: 1_000, giveUpAfterMs: 6_000 });

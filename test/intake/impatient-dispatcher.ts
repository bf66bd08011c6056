import { runDispatcher } from "../../services/dispatcher/src/run.ts";

/** The dispatcher as it is, with seconds where an hour is waited for. */
await runDispatcher({ postpone: { firstMs: 200, maxMs: 1_000, deadLetterAfterMs: 6_000 } });

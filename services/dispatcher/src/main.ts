import { runDispatcher } from "./run.ts";

await runDispatcher();

import { runDispatcher } from "./run-dispatcher.ts";

await runDispatcher((steps) => steps);

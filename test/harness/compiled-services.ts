import { execFile } from "node:child_process";
import { resolve } from "node:path";

const ENTRIES = ["services/dispatcher/src/main.ts", "services/subscriptions/src/main.ts"];

/**
 * Has each service compiled before the first test, by a start that its settings end. Otherwise those
 * that are started first compile side by side, and are held up at their end while they keep the outcome.
 */
export async function setup(): Promise<void> {
  await Promise.all(ENTRIES.map(startInVain));
}

const startInVain = (entry: string): Promise<void> =>
  new Promise((done) => {
    const { PATH, NODE_COMPILE_CACHE } = process.env;
    const env = { PATH, NODE_COMPILE_CACHE, LOG_LEVEL: "none" };
    const path = resolve(import.meta.dirname, "../..", entry);
    execFile(process.execPath, [path], { env, timeout: 60_000 }, () => done());
  });

import { execFile } from "node:child_process";
import { expect, test } from "vitest";

const MODULE = new URL("process.ts", import.meta.url).href;

/** What a process says and ends with that meets a fault, with this way to stop. */
const faulty = (stop: string, graceMs: number) =>
  new Promise<{ readonly code: unknown; readonly said: string[] }>((resolve) => {
    const program = `
      import { failWithGrace } from ${JSON.stringify(MODULE)};
      const log = { fatal: (_fields, message) => console.log(message) };
      const fail = failWithGrace(log, ${graceMs}, ${stop});
      setInterval(() => undefined, 1_000); // something is still under way
      fail(new Error("the first fault"));
      fail(new Error("one that follows from it"));`;
    const args = ["--input-type=module", "--eval", program];
    execFile(process.execPath, args, { timeout: 20_000 }, (error, stdout) =>
      resolve({ code: error?.code ?? 0, said: stdout.trim().split("\n") }),
    );
  });

test.each([
  ["ends", `async () => console.log("stopped")`, 15_000, ["the first fault", "stopped"]],
  ["fails itself", `async () => { throw new Error("no") }`, 15_000, ["the first fault"]],
  ["never ends", `() => new Promise(() => undefined)`, 200, ["the first fault"]],
  [
    "waits until its time is over",
    `(signal) => new Promise((over) => signal.addEventListener("abort", () => over(console.log("over"))))`,
    1_000,
    ["the first fault", "over"],
  ],
])("a fault is said once and ends the process with 1, where stopping %s", async (...args) => {
  const [, stop, graceMs, said] = args;
  expect(await faulty(stop, graceMs)).toEqual({ code: 1, said });
});

import { expect, test } from "vitest";
import type { Logger } from "./logger.ts";
import { logRepeated } from "./repeated.ts";

/** A logger that keeps its lines. */
const keeping = () => {
  const lines: unknown[] = [];
  const note =
    (level: string) =>
    (fields: object, msg: string): void =>
      void lines.push({ level, msg, ...fields });
  const log = { warn: note("warn"), error: note("error") } as unknown as Logger;
  return { log, lines };
};

test("a wait is logged at once, and then once a minute with how often it came meanwhile", () => {
  const { log, lines } = keeping();
  for (let second = 0; second < 130; second += 1) {
    logRepeated(log, { stream: "EVENTS", tries: second }, "publish.retrying", {
      nowMs: second * 1_000,
    });
  }
  expect(lines).toEqual([
    { level: "warn", msg: "publish.retrying", stream: "EVENTS", tries: 0 },
    { level: "warn", msg: "publish.retrying", stream: "EVENTS", tries: 60, repeats: 59 },
    { level: "warn", msg: "publish.retrying", stream: "EVENTS", tries: 120, repeats: 59 },
  ]);
});

test("each cause has its line: another stream, fault or error, whatever numbers are in it", () => {
  const { log, lines } = keeping();
  const say = (fields: object) => logRepeated(log, { ...fields }, "waiting", { nowMs: 5 });
  for (let n = 0; n < 3; n += 1) {
    say({ stream: "EVENTS", err: new Error(`no reply after ${n} ms`) });
    say({ stream: "RETRIES", err: new Error(`no reply after ${n} ms`) });
    say({ fault: "secret", detail: `key k${n}` });
    say({ fault: "network", detail: `key k${n}` });
    say({ err: new Error("refused") });
  }
  expect(lines).toHaveLength(5);
});

/** A name without digits, which do not tell causes apart. */
const nameOf = (n: number): string => String.fromCodePoint(0x4e00 + n);

test("so many causes that they cannot be remembered are logged rather than kept in memory", () => {
  const { log, lines } = keeping();
  for (const n of [...Array(300).keys(), 0, 299])
    logRepeated(log, { detail: nameOf(n) }, "waiting", { level: "error", nowMs: 5 });
  expect(lines).toHaveLength(301);
});

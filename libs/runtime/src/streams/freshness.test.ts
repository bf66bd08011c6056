import type { StreamInfo } from "@nats-io/jetstream";
import pino from "pino";
import { expect, onTestFinished, test } from "vitest";
import { failoverTimer, followFreshness } from "./freshness.ts";

test("what was complete before the machine slept may be behind when it wakes", async () => {
  let sleptMs = 0;
  const stopping = new AbortController();
  onTestFinished(() => stopping.abort());
  const asked = Promise.withResolvers<void>();
  const info = (): Promise<StreamInfo> => {
    asked.resolve();
    return Promise.resolve({ state: { last_seq: 7 } } as StreamInfo);
  };
  const freshness = followFreshness({
    nats: { problem: () => undefined, leave: () => undefined, jsm: { streams: { info } as never } },
    stream: "SUBSCRIPTIONS",
    appliedUpTo: () => 7,
    onBehind: () => undefined,
    log: pino({ enabled: false }),
    signal: stopping.signal,
    elapsed: () => performance.now() + sleptMs,
  });
  await asked.promise;
  await Promise.resolve();
  expect(freshness.isCurrent()).toBe(true);
  sleptMs = 60_000;
  expect(freshness.isCurrent()).toBe(false);
  expect(freshness.unavailable()).toBeUndefined(); // it can be asked
});

test("a server that is no help is left after 6 s, the next ones later each time, up to a minute", () => {
  const isToLeave = failoverTimer();
  const seconds = Array.from({ length: 300 }, (_, n) => n);
  const left = seconds.filter((n) => isToLeave(false, n * 1_000));
  expect(left).toEqual([6, 18, 42, 90, 150, 210, 270]);
  expect(isToLeave(true, 300_000)).toBe(false);
  expect(isToLeave(false, 301_000)).toBe(false);
  expect(isToLeave(false, 306_999)).toBe(false);
  expect(isToLeave(false, 307_000)).toBe(true);
});

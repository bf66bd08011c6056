import { expect, expectTypeOf, test } from "vitest";
import { eventually } from "./eventually.ts";

test("a probe of assertions passes as soon as it does not throw", async () => {
  let polls = 0;
  await eventually(
    () => {
      polls += 1;
      expect(polls).toBe(3);
    },
    { intervalMs: 1 },
  );
  expect(polls).toBe(3);
});

test("a probe that looks something up waits through false, null, 0 and an empty text", async () => {
  const answers = [false, null, 0, "", "found"] as const;
  let polls = 0;
  const found = await eventually(async () => answers[polls++] ?? null, { intervalMs: 1 });
  expectTypeOf(found).toEqualTypeOf<"found">();
  expect(found).toBe("found");
});

declare function findOrUndefined(): string | undefined;
// @ts-expect-error undefined counts as passed, so a lookup has to end with `?? null`
const misuse = (): Promise<string> => eventually(findOrUndefined);
const rightUse = (): Promise<string> => eventually(() => findOrUndefined() ?? null);

test("a probe that can return undefined for 'not there' is a type error", () => {
  expectTypeOf(misuse).toEqualTypeOf(rightUse);
});

test("the failure names what was waited for and the last value seen", async () => {
  const waiting = eventually(() => null, { timeoutMs: 20, intervalMs: 5, what: "a sign" });
  await expect(waiting).rejects.toThrow("a sign: not within 20 ms; last value: null");
});

test("the failure has the last error as its cause", async () => {
  const cause = new Error("still 2");
  const probe = (): void => {
    throw cause;
  };
  const waiting = eventually(probe, { timeoutMs: 20, intervalMs: 5 });
  await expect(waiting).rejects.toMatchObject({
    message: "condition: not within 20 ms; last error: still 2",
    cause,
  });
});

test("a probe of assertions may be asynchronous", async () => {
  let polls = 0;
  await eventually(async () => {
    polls += 1;
    await expect(Promise.resolve(polls)).resolves.toBe(2);
  });
});

test("a probe that never settles does not hold the time-out up", async () => {
  const waiting = eventually(() => new Promise<void>(() => {}), { timeoutMs: 20 });
  await expect(waiting).rejects.toThrow("the probe never settled");
});

test("waiting ends at once when there is a reason to give up", async () => {
  const waiting = eventually(() => false, { giveUpWhen: () => "the process ended" });
  await expect(waiting).rejects.toThrow("given up, the process ended");
});

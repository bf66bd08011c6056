import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { assignSlots } from "./job-slots.ts";

const BOUNDS = { slots: 4, minHeldMs: 1_000 };
const job = (workspace_id: string, n: number) => ({
  workspace_id,
  redelivery_id: `${workspace_id}-${n}`,
});
const active = (workspace_id: string, n: number, sinceMs = 0) => ({
  ...job(workspace_id, n),
  sinceMs,
});
const names = (jobs: readonly { readonly redelivery_id: string }[]) =>
  jobs.map(({ redelivery_id }) => redelivery_id);

describe("which redelivery jobs have a slot", () => {
  test("each workspace has one before any workspace has a second", () => {
    const waiting = [job("w1", 1), job("w1", 2), job("w1", 3), job("w2", 1), job("w3", 1)];
    const slots = assignSlots(waiting, [], 0, BOUNDS);
    expect(names(slots.begin)).toEqual(["w1-1", "w2-1", "w3-1", "w1-2"]);
  });

  test("jobs that held a slot for long enough make room for jobs that wait, those of the greediest workspace first", () => {
    const running = [active("w1", 1), active("w1", 2), active("w2", 1), active("w3", 1, 500)];
    expect(assignSlots([job("w4", 1)], running, 999, BOUNDS)).toEqual({ begin: [], leave: [] });
    const slots = assignSlots([job("w4", 1)], running, 1_000, BOUNDS);
    expect(names(slots.leave)).toEqual(["w1-1"]);
  });

  test("no job leaves where all have a slot", () => {
    const slots = assignSlots([job("w2", 1)], [active("w1", 1)], 9_000, BOUNDS);
    expect(slots.leave).toEqual([]);
    expect(names(slots.begin)).toEqual(["w2-1"]);
  });

  test("every job gets a slot within twice as many rounds as there are jobs", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 40 }), (workspaces) => {
        const all = workspaces.map((workspace, n) => job(`w${workspace}`, n));
        const hadOne = new Set<string>();
        let running: ReturnType<typeof active>[] = [];
        for (let round = 0; round <= 2 * all.length; round += 1) {
          const nowMs = round * 1_000;
          const isActive = new Set(names(running));
          // As the runner has them: those that ran last come last.
          const waiting = all
            .filter(({ redelivery_id }) => !isActive.has(redelivery_id))
            .toSorted(
              (a, b) => Number(hadOne.has(a.redelivery_id)) - Number(hadOne.has(b.redelivery_id)),
            );
          const { begin, leave } = assignSlots(waiting, running, nowMs, BOUNDS);
          const left = new Set(names(leave));
          running = [
            ...running.filter(({ redelivery_id }) => !left.has(redelivery_id)),
            ...begin.map((one) => ({ ...one, sinceMs: nowMs })),
          ];
          for (const id of names(begin)) hadOne.add(id);
          expect(running.length).toBeLessThanOrEqual(BOUNDS.slots);
        }
        expect(hadOne.size).toBe(all.length);
      }),
    );
  });
});

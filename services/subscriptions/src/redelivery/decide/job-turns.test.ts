import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { jobTurns } from "./job-turns.ts";

const BOUNDS = { places: 4, turnMs: 1_000 };
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

describe("which redelivery jobs have a place", () => {
  test("each workspace has one before any has a second", () => {
    const waiting = [job("w1", 1), job("w1", 2), job("w1", 3), job("w2", 1), job("w3", 1)];
    const turns = jobTurns(waiting, [], 0, BOUNDS);
    expect(names(turns.begin)).toEqual(["w1-1", "w2-1", "w3-1", "w1-2"]);
  });

  test("those that have had their turn make room for those that wait, the greediest first", () => {
    const running = [active("w1", 1), active("w1", 2), active("w2", 1), active("w3", 1, 500)];
    expect(jobTurns([job("w4", 1)], running, 999, BOUNDS)).toEqual({ begin: [], leave: [] });
    const turns = jobTurns([job("w4", 1)], running, 1_000, BOUNDS);
    expect(names(turns.leave)).toEqual(["w1-1"]);
  });

  test("nobody leaves where there is a place for all", () => {
    const turns = jobTurns([job("w2", 1)], [active("w1", 1)], 9_000, BOUNDS);
    expect(turns.leave).toEqual([]);
    expect(names(turns.begin)).toEqual(["w2-1"]);
  });

  test("whoever waits has a place after as many turns as there are jobs for each place", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 40 }), (workspaces) => {
        const all = workspaces.map((workspace, n) => job(`w${workspace}`, n));
        const hadOne = new Set<string>();
        let running: ReturnType<typeof active>[] = [];
        for (let round = 0; round <= 2 * all.length; round += 1) {
          const nowMs = round * 1_000;
          const isActive = new Set(names(running));
          // As the runner has them: who was there last stands at the end.
          const waiting = all
            .filter(({ redelivery_id }) => !isActive.has(redelivery_id))
            .toSorted(
              (a, b) => Number(hadOne.has(a.redelivery_id)) - Number(hadOne.has(b.redelivery_id)),
            );
          const { begin, leave } = jobTurns(waiting, running, nowMs, BOUNDS);
          const left = new Set(names(leave));
          running = [
            ...running.filter(({ redelivery_id }) => !left.has(redelivery_id)),
            ...begin.map((one) => ({ ...one, sinceMs: nowMs })),
          ];
          for (const id of names(begin)) hadOne.add(id);
          expect(running.length).toBeLessThanOrEqual(BOUNDS.places);
        }
        expect(hadOne.size).toBe(all.length);
      }),
    );
  });
});

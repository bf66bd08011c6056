import { expect, test } from "vitest";
import { selfTimes } from "./cpu-profile.ts";

const node = (id: number, functionName: string, url = "", lineNumber = 0) => ({
  id,
  callFrame: { functionName, url, lineNumber },
});

test("self times are shares of the time at work, with places that are the same on every machine", () => {
  const profile = {
    nodes: [
      node(1, "(root)"),
      node(2, "(idle)"),
      node(3, "deliver", "file:///srv/x/services/dispatcher/src/delivery/deliver.ts", 55),
      node(4, "", "file:///srv/x/node_modules/undici/lib/pool.js", 9),
      node(5, "deliver", "file:///srv/x/services/dispatcher/src/delivery/deliver.ts", 55),
    ],
    samples: [1, 2, 3, 4, 5],
    timeDeltas: [1_000, 5_000, 20, 25, 55],
  };
  expect(selfTimes(profile)).toEqual([
    { place: "deliver services/dispatcher/src/delivery/deliver.ts:56", share: 0.75 },
    { place: "(anonymous) undici/lib/pool.js:10", share: 0.25 },
  ]);
});

import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { boundAgentsSchema, isOwnEndpoint, isWithin, seesAgent, seesEndpoint } from "./sight.ts";

const AGENTS = new Set(["a", "b"]);
const BOUND = { agents: AGENTS, endpoints: new Set(["ep_1"]) };

describe("a caller that is bound to agents", () => {
  test.each([
    ["one of them", "a", true],
    ["another", "c", false],
    ["all", "*", false],
    ["the workspace's own", "_workspace", false],
    ["the same in other letters", "A", false],
    ["what names none", undefined, false],
    ["what names null", null, false],
    ["an empty name", "", false],
    ["a name that objects have", "__proto__", false],
  ])("sees, of %s: %j", (_what, agent, sees) => {
    expect(seesAgent(BOUND, agent)).toBe(sees);
    expect(seesAgent({}, agent)).toBe(true);
  });

  test("sees deliveries to agents' subscriptions and to its own endpoints", () => {
    expect([undefined, "ep_1", "ep_2"].map((id) => seesEndpoint(BOUND, id))).toEqual([
      true,
      true,
      false,
    ]);
    expect(seesEndpoint({}, "ep_2")).toBe(true);
  });

  test("sees no endpoint as long as nobody has said which", () => {
    expect(seesEndpoint({ agents: AGENTS }, "ep_1")).toBe(false);
  });
});

test.each([
  [["a"], true],
  [["a", "b"], true],
  [["a", "c"], false],
  [["*"], false],
  [[], false],
  [undefined, false],
])("what is bound to %j is within a and b: %j", (agents, is) => {
  expect(isWithin(AGENTS, agents)).toBe(is);
  expect(isWithin(undefined, agents)).toBe(true);
});

test("what is within some agents is within more of them", () => {
  const agents = fc.uniqueArray(fc.constantFrom("a", "b", "c", "d"));
  const growing = () =>
    fc.assert(
      fc.property(agents, agents, agents, (own, more, of) => {
        const isWithinMore = isWithin(new Set([...own, ...more]), of);
        return isWithinMore || !isWithin(new Set(own), of);
      }),
    );
  expect(growing).not.toThrow();
});

const types = (event_types: string[]) => ({ agents: ["a"], event_types });

test("an endpoint that gets events of the workspace itself is nobody's own", () => {
  expect(isOwnEndpoint(AGENTS, types(["*"]))).toBe(true);
  expect(isOwnEndpoint(AGENTS, types(["call_completed", "delivery_exhausted"]))).toBe(false);
  expect(isOwnEndpoint(undefined, types(["delivery_exhausted"]))).toBe(true);
});

test.each([
  [["a"], true],
  [Array.from({ length: 200 }, (_, n) => `agent-${n}`), true],
  [Array.from({ length: 201 }, (_, n) => `agent-${n}`), false],
  [[], false],
  [["*"], false],
  [["_workspace"], false],
  [["a.b"], false],
  [["ä"], false],
  ["a", false],
])("%#: a key's agents are 1 to 200 ids", (agents, isValid) => {
  expect(boundAgentsSchema.safeParse(agents).success).toBe(isValid);
});

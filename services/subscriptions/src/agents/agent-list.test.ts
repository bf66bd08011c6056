import { EVENT_TYPES } from "@ringback/contracts/events/event-types";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { createAgentList, type AgentRow } from "./agent-list.ts";

const agentId = fc.stringMatching(/^[A-Za-z0-9_-]{1,3}$/);
const agent: fc.Arbitrary<AgentRow> = fc.record({
  agent_id: agentId,
  agent_display_name: fc.string(),
  event_types: fc.subarray(EVENT_TYPES),
  updated_at: fc.constantFrom("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"),
});
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ set: agent }) },
  fc.record({ remove: agentId }),
  fc.record({ ask: fc.constant(true) }),
);

test("pages of any size give every agent once, ordered by id, as it was last set", () => {
  fc.assert(
    fc.property(fc.array(step), fc.integer({ min: 1, max: 5 }), (steps, limit) => {
      const list = createAgentList();
      const model = new Map<string, AgentRow>();
      for (const one of steps) {
        if ("set" in one) {
          list.set(one.set, one.set.agent_id.length);
          model.set(one.set.agent_id, one.set);
        } else if ("remove" in one) {
          list.remove(one.remove);
          model.delete(one.remove);
        } else list.page(1);
      }
      const expected = [...model.values()].toSorted((a, b) => (a.agent_id < b.agent_id ? -1 : 1));
      const seen: AgentRow[] = [];
      for (
        let page = list.page(limit);
        ;
        page = list.page(limit, { after: seen.at(-1)?.agent_id })
      ) {
        seen.push(...page.agents);
        if (!page.hasMore) break;
      }
      expect(seen).toEqual(expected);
      expect(list.agentCount()).toBe(model.size);
      const sizes = expected.map((one) => list.bytes(one.agent_id));
      expect(sizes).toEqual(expected.map((one) => one.agent_id.length));
      expect(list.bytes()).toBe(sizes.reduce((sum, size) => sum + size, 0));
      expect(list.subscriptionCount()).toBe(expected.flatMap((a) => a.event_types).length);
    }),
  );
});

const named = (agent_id: string): AgentRow => ({
  agent_id,
  agent_display_name: agent_id,
  event_types: [],
  updated_at: "2026-01-01T00:00:00Z",
});

test("a page begins behind an agent that is gone meanwhile", () => {
  const list = createAgentList();
  for (const id of ["c", "a", "b"]) list.set(named(id), 1);
  expect(list.page(2)).toEqual({ agents: [named("a"), named("b")], hasMore: true, total: 3 });
  list.remove("b");
  expect(list.page(2, { after: "b" })).toEqual({ agents: [named("c")], hasMore: false, total: 2 });
});

import { expect, test } from "vitest";
import { attemptsFilter, eventsFilter } from "./live-filters.ts";

test("what is read of a workspace is narrowed by agent and event type, and never to another workspace", () => {
  expect(eventsFilter({ workspaceId: "w1" })).toBe("events.w1.*.*.*");
  expect(attemptsFilter({ workspaceId: "w1", agentId: "a1" })).toBe("attempts.w1.*.a1.*.*");
  const narrow = { workspaceId: "w1", agentId: "a1", eventType: "call_completed" } as const;
  expect(eventsFilter(narrow)).toBe("events.w1.*.a1.call_completed");
  for (const bad of ["*", ">", "w1.c1", ""]) {
    expect(() => eventsFilter({ workspaceId: bad })).toThrow("cannot be part of a subject");
    expect(() => attemptsFilter({ workspaceId: "w1", agentId: bad })).toThrow(
      "cannot be part of a subject",
    );
  }
});

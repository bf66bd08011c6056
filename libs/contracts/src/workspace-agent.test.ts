import { expect, test } from "vitest";
import { EVENT_TYPES } from "./event-types.ts";
import { isId } from "./id.ts";
import {
  AGENT_EVENT_TYPES,
  subscribableTypes,
  WORKSPACE_AGENT,
  WORKSPACE_EVENT_TYPES,
} from "./workspace-agent.ts";

test("each type of the catalogue is of calls or of workspaces, and none is of both", () => {
  expect([...AGENT_EVENT_TYPES, ...WORKSPACE_EVENT_TYPES].toSorted()).toEqual(
    EVENT_TYPES.toSorted(),
  );
});

test("the workspace's agent subscribes the workspace's types only, and every other agent the others", () => {
  expect(subscribableTypes(WORKSPACE_AGENT)).toEqual(["delivery_exhausted"]);
  for (const agentId of ["a1", "workspace", "_Workspace", "__workspace"]) {
    expect(subscribableTypes(agentId)).toEqual(AGENT_EVENT_TYPES);
  }
});

test("the workspace's agent has an id that can be part of a subject", () => {
  expect(isId(WORKSPACE_AGENT)).toBe(true);
});

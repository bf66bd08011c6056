import { expect, test } from "vitest";
import { EVENT_TYPES } from "../events/event-types.ts";
import { isId } from "../id.ts";
import {
  AGENT_EVENT_TYPES,
  isWorkspaceEventType,
  WORKSPACE_AGENT,
  WORKSPACE_EVENT_TYPES,
} from "./workspace-agent.ts";

test("each type of the catalogue is of calls or of workspaces, and none is of both", () => {
  expect([...AGENT_EVENT_TYPES, ...WORKSPACE_EVENT_TYPES].toSorted()).toEqual(
    EVENT_TYPES.toSorted(),
  );
});

test("only what Ringback itself tells is a workspace's type", () => {
  expect(isWorkspaceEventType("delivery_exhausted")).toBe(true);
  expect([...AGENT_EVENT_TYPES, "kyc_done"].some(isWorkspaceEventType)).toBe(false);
});

test("the workspace's agent has an id that can be part of a subject", () => {
  expect(isId(WORKSPACE_AGENT)).toBe(true);
});

import { INITIAL_AGENT_STATE, type AgentState } from "@ringback/contracts/agents/agent";
import { expect, test } from "vitest";
import { decide, type Command } from "./edit.ts";
import { entityTagsIn } from "../../commands/decide/entity-tag.ts";

const IDS = { workspace_id: "acme", agent_id: "bob" };
const AT = "2026-01-01T00:00:00Z";
const AT_VERSION_3: AgentState = {
  kind: "registered",
  version: 3,
  agent: {
    ...IDS,
    agent_display_name: "Bob",
    event_subscriptions: [],
    created_at: AT,
    updated_at: AT,
  },
};
const DEREGISTER: Command = { kind: "deregister_agent", agent: IDS };
const REGISTER: Command = { kind: "register_agent", agent: IDS, agent_display_name: "Bob" };

const decided = (header: string, command: Command, state: AgentState) => {
  const tags = entityTagsIn(header);
  if (tags.kind === "invalid") throw new Error(`'${header}' is no list of tags`);
  return decide(command, state, tags);
};

test.each(['"3"', "*", '"2", "3"', 'W/"3", "3"', '"3-redacted"'])(
  "an agent at version 3 is what %s asks",
  (header) => {
    expect(decided(header, DEREGISTER, AT_VERSION_3)).toMatchObject({ kind: "accepted" });
  },
);

test.each(['"2"', 'W/"3"', '"03"', '""', '"*"', '"2", "4"', '"2-redacted"'])(
  "and not what %s asks",
  (header) => {
    const rejection = { kind: "rejected", code: "precondition_failed", version: 3 };
    expect(decided(header, DEREGISTER, AT_VERSION_3)).toEqual(rejection);
    // Also where nothing would change.
    expect(decided(header, REGISTER, AT_VERSION_3)).toEqual(rejection);
  },
);

test("an agent that is not there fulfils nothing, and is not found where it has to be there", () => {
  expect(decided("*", REGISTER, INITIAL_AGENT_STATE)).toMatchObject({
    code: "precondition_failed",
  });
  expect(decided("*", DEREGISTER, INITIAL_AGENT_STATE)).toMatchObject({ code: "agent_not_found" });
});

test("without a precondition the decision is what it is", () => {
  expect(decide(DEREGISTER, AT_VERSION_3, undefined)).toMatchObject({ kind: "accepted" });
});

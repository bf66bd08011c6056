import {
  INITIAL_AGENT_STATE,
  stateAfter,
  type AgentState,
  type ConfigurationEvent,
} from "@ringback/contracts/agents/agent";
import { expect, test } from "vitest";
import {
  AGENT_COMMANDS,
  type AgentCommandDeps,
  type AgentStore,
} from "../agents/agent-commands.ts";
import type { Command } from "../agents/decide/edit.ts";
import type { EditSubscriptions } from "../agents/decide/edit-subscriptions.ts";
import { handleCommand } from "./handle-command.ts";

const AGENT = { workspace_id: "acme", agent_id: "bob" };
const register: Command = { kind: "register_agent", agent: AGENT, agent_display_name: "Bob" };
const edit: EditSubscriptions = {
  kind: "edit_event_subscriptions",
  agent: AGENT,
  event_subscriptions: [
    {
      event_type: "call_completed",
      callback_url: "https://a.example.com/",
      headers: {},
      method_type: "POST",
    },
  ],
  mode: "merge",
  on_conflict: "overwrite",
  if_absent: "register",
  at: "2026-01-01T00:00:00.000Z",
};

/** A subject in memory; `beforeAppend` lets another writer in, or fails. */
const storeInMemory = (
  beforeAppend: (tries: number, add: () => void) => void = () => undefined,
) => {
  const messages: ConfigurationEvent[] = [];
  let tries = 0;
  const last = (): AgentState => {
    const event = messages.at(-1);
    return event === undefined ? INITIAL_AGENT_STATE : stateAfter(event);
  };
  const addByAnother = (): void => {
    const state = last();
    const agent = {
      ...AGENT,
      agent_display_name: "Bob",
      event_subscriptions: [],
      created_at: "2026-01-01T00:00:00Z",
      updated_at: `2026-01-01T00:00:0${messages.length % 10}Z`,
    };
    messages.push({
      type: "agent_registered",
      change: { ...AGENT, agent_display_name: "Bob" },
      occurred_at: agent.updated_at,
      actor: "another",
      version: state.version + 1,
      agent,
    });
  };
  const store: AgentStore = {
    read: async () => ({ state: last(), seq: messages.length }),
    readAt: async (_address, seq) => {
      const event = messages[seq - 1];
      return event === undefined ? INITIAL_AGENT_STATE : stateAfter(event);
    },
    findMarked: async (_address, afterSeq, keyHash) => {
      const n = messages.findIndex(
        ({ idempotency }, i) => i >= afterSeq && idempotency?.key_hash === keyHash,
      );
      const beforeSeq = messages[n]?.idempotency?.before_seq;
      return beforeSeq === undefined ? undefined : { beforeSeq, seq: n + 1 };
    },
    append: async (_address, event, lastSeq) => {
      tries += 1;
      beforeAppend(tries, addByAnother);
      if (lastSeq !== messages.length) return { kind: "conflict" };
      messages.push(event);
      return { kind: "stored", seq: messages.length };
    },
  };
  return { store, messages, tries: () => tries };
};

const depsWith = (store: AgentStore) => {
  const changed: string[] = [];
  let conflicts = 0;
  const deps: Omit<AgentCommandDeps, "requests"> = {
    kind: AGENT_COMMANDS,
    store,
    now: () => new Date("2026-01-02T00:00:00Z"),
    passed: () => new Date("2026-01-02T00:00:00Z"),
    random: () => 0,
    onChange: (type) => changed.push(type),
    limits: {
      admitChange: () => undefined,
    },
    onConflict: () => {
      conflicts += 1;
    },
  };
  return { deps, changed, conflicts: () => conflicts };
};

test("a command that was overtaken is decided anew over what is then there", async () => {
  const { store, messages } = storeInMemory((tries, add) => {
    if (tries === 1) add();
  });
  const { deps, conflicts, changed } = depsWith(store);
  const result = await handleCommand(register, { actor: "key" }, deps);
  expect(result).toMatchObject({
    kind: "decided",
    result: { kind: "accepted", changes: [], state: { kind: "registered" } },
  });
  expect(messages.map(({ actor }) => actor)).toEqual(["another"]);
  expect(conflicts()).toBe(1);
  expect(changed).toEqual([]);
});

test("a command that is overtaken again and again ends in a conflict", async () => {
  const { store, tries } = storeInMemory((_tries, add) => add());
  const { deps, conflicts } = depsWith(store);
  expect(await handleCommand(edit, { actor: "key" }, deps)).toEqual({ kind: "conflict" });
  expect(tries()).toBe(20);
  expect(conflicts()).toBe(20);
});

test("an agent that is registered by its first edit gets one message for each change", async () => {
  const { store, messages } = storeInMemory();
  const { deps, changed } = depsWith(store);
  const result = await handleCommand(edit, { actor: "key" }, deps);
  expect(result).toMatchObject({ result: { kind: "accepted", state: { version: 2 } } });
  expect(messages.map(({ version, type, actor }) => [version, type, actor])).toEqual([
    [1, "agent_registered", "key"],
    [2, "event_subscriptions_edited", "key"],
  ]);
  expect(changed).toEqual(["agent_registered", "event_subscriptions_edited"]);
});

test("an edit that broke off after the registration is completed when it is asked for again", async () => {
  const { store, messages } = storeInMemory((tries) => {
    if (tries === 2) throw new Error("the process died");
  });
  const { deps } = depsWith(store);
  await expect(handleCommand(edit, { actor: "key" }, deps)).rejects.toThrow("the process died");
  expect(messages.map(({ type }) => type)).toEqual(["agent_registered"]);
  const result = await handleCommand(edit, { actor: "key" }, deps);
  expect(result).toMatchObject({
    result: {
      kind: "accepted",
      state: { agent: { event_subscriptions: edit.event_subscriptions } },
    },
  });
  expect(messages.at(-1)?.agent?.event_subscriptions).toEqual(edit.event_subscriptions);
});

test("a command that changes nothing stores nothing", async () => {
  const { store, messages } = storeInMemory();
  const { deps } = depsWith(store);
  await handleCommand(edit, { actor: "key" }, deps);
  const result = await handleCommand(edit, { actor: "key" }, deps);
  expect(result).toMatchObject({
    result: { kind: "accepted", changes: [], state: { version: 2 } },
  });
  expect(messages).toHaveLength(2);
});

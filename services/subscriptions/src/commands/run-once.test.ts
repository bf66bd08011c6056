import {
  INITIAL_AGENT_STATE,
  stateAfter,
  type AgentState,
  type ConfigurationEvent,
} from "@ringback/contracts/agents/agent";
import type { RequestRecord } from "@ringback/contracts/streams/request-record";
import { expect, test } from "vitest";
import {
  AGENT_COMMANDS,
  type AgentCommandDeps,
  type AgentStore,
} from "../agents/agent-commands.ts";
import { CLAIM_MS } from "../idempotency/decide/claim.ts";
import type { Command } from "../agents/decide/edit.ts";
import type { EditSubscriptions } from "../agents/decide/edit-subscriptions.ts";
import { runOnce } from "./run-once.ts";
import type { RequestStore } from "../idempotency/request-store.ts";

const AGENT = { workspace_id: "acme", agent_id: "bob" };
const KEY = { keyHash: "a".repeat(64), requestHash: "b".repeat(64) };
const OTHER_KEY = { keyHash: "c".repeat(64), requestHash: "d".repeat(64) };
const START_MS = Date.parse("2026-01-01T00:00:00Z");

const editTo = (callback_url: string): EditSubscriptions => ({
  kind: "edit_event_subscriptions",
  agent: AGENT,
  event_subscriptions: [
    { event_type: "call_completed", callback_url, headers: {}, method_type: "POST" },
  ],
  mode: "merge",
  on_conflict: "overwrite",
  if_absent: "register",
  at: "2026-01-01T00:00:00.000Z",
});
const EDIT = editTo("https://a.example.com/");
const REGISTER: Command = { kind: "register_agent", agent: AGENT, agent_display_name: "Bob" };

/** When the nth call of a store fails: before it has done anything, or when all but the answer is there. */
type Fault = { readonly call: number; readonly when: "before" | "after" };

const appendTo = <T>(list: T[], one: T, lastSeq: number) => {
  if (lastSeq !== list.length) return { kind: "conflict" } as const;
  list.push(one);
  return { kind: "stored", seq: list.length } as const;
};

/** Both streams in memory, with one sequence for each as on the server. */
const platform = () => {
  const messages: ConfigurationEvent[] = [];
  const records = new Map<string, RequestRecord[]>();
  const toEvents = (keyHash: string): RequestRecord[] => {
    const list = records.get(keyHash) ?? [];
    records.set(keyHash, list);
    return list;
  };
  let nowMs = START_MS;
  let calls = 0;
  let fault: Fault | undefined;
  const call = async <T>(work: () => T): Promise<T> => {
    calls += 1;
    if (fault?.call === calls && fault.when === "before") throw new Error("no answer");
    const result = work();
    if (fault?.call === calls) throw new Error("no answer");
    return result;
  };
  const stateAt = (seq: number): AgentState => {
    const event = messages[seq - 1];
    return event === undefined ? INITIAL_AGENT_STATE : stateAfter(event);
  };
  const store: AgentStore = {
    read: () => call(() => ({ state: stateAt(messages.length), seq: messages.length })),
    readAt: (_address, seq) => call(() => stateAt(seq)),
    findMarked: (_address, afterSeq, keyHash) =>
      call(() => {
        const n = messages.findIndex(
          ({ idempotency }, i) => i >= afterSeq && idempotency?.key_hash === keyHash,
        );
        const mark = messages[n]?.idempotency;
        return mark === undefined ? undefined : { beforeSeq: mark.before_seq, seq: n + 1 };
      }),
    append: (_address, event, lastSeq) => call(() => appendTo(messages, event, lastSeq)),
  };
  const requests: RequestStore = {
    read: ({ keyHash }) =>
      call(() => {
        const record = toEvents(keyHash).at(-1);
        return record === undefined ? undefined : { record, seq: toEvents(keyHash).length };
      }),
    append: ({ keyHash }, record, lastSeq) =>
      call(() => appendTo(toEvents(keyHash), record, lastSeq)),
  };
  const deps: AgentCommandDeps = {
    kind: AGENT_COMMANDS,
    store,
    requests,
    now: () => new Date(nowMs),
    passed: () => new Date(nowMs),
    random: () => 0,
    onChange: () => undefined,
    onConflict: () => undefined,
    limits: {
      admitChange: () => undefined,
    },
  };
  const ask = (command: Command, key = KEY) => runOnce(command, { actor: "key" }, key, deps);
  return {
    ask,
    messages,
    calls: () => calls,
    fail: (next: Fault | undefined) => {
      calls = 0;
      fault = next;
    },
    later: (ms: number) => {
      nowMs += ms;
    },
  };
};

const editsIn = (messages: readonly ConfigurationEvent[]) =>
  messages.filter(({ type }) => type === "event_subscriptions_edited").length;

test("the same request again has the first answer, and changes nothing", async () => {
  const { ask, messages } = platform();
  const first = await ask(EDIT);
  expect(first).toMatchObject({ kind: "done", isRepeat: false, result: { kind: "accepted" } });
  const stored = [...messages];
  expect(await ask(EDIT)).toEqual({ ...first, isRepeat: true });
  // Also after others have changed the agent.
  await ask(editTo("https://b.example.com/"), OTHER_KEY);
  expect(messages).toHaveLength(stored.length + 1);
  expect(await ask(EDIT)).toEqual({ ...first, isRepeat: true });
  expect(messages.slice(0, stored.length)).toEqual(stored);
});

test("a rejection is given again too, though it would be none any more", async () => {
  const { ask } = platform();
  const edit = { ...EDIT, if_absent: "reject" } as const;
  const rejection = { kind: "rejected", code: "agent_not_found" };
  expect(await ask(edit)).toMatchObject({ isRepeat: false, result: rejection });
  expect(await ask(edit)).toMatchObject({ isRepeat: true, result: rejection });
});

test("a key that was used for another request is refused", async () => {
  const { ask, messages } = platform();
  await ask(REGISTER);
  expect(await ask(EDIT, { ...KEY, requestHash: "c".repeat(64) })).toEqual({ kind: "reused" });
  expect(editsIn(messages)).toBe(0);
});

test.each(["before", "after"] as const)(
  "an agent whose id the service chose keeps it, where the process ended %s its registration",
  async (when) => {
    const { ask, fail, later, messages } = platform();
    fail({ call: 5, when });
    await expect(ask(REGISTER)).rejects.toThrow("no answer");
    fail(undefined);
    later(CLAIM_MS);
    const another = { ...REGISTER, agent: { ...AGENT, agent_id: "chosen-anew" } };
    const state = { agent: { agent_id: "bob" } };
    expect(await ask(another)).toMatchObject({ isRepeat: when === "after", result: { state } });
    expect(messages).toHaveLength(1);
  },
);

test("while a request is under way, the same one is told so", async () => {
  const { ask, fail, later } = platform();
  fail({ call: 3, when: "after" }); // claimed, and then the process is gone
  await expect(ask(REGISTER)).rejects.toThrow("no answer");
  fail(undefined);
  expect(await ask(REGISTER)).toEqual({ kind: "in_progress" });
  later(CLAIM_MS);
  expect(await ask(REGISTER)).toMatchObject({ kind: "done", isRepeat: false });
});

test("of two at once, one carries it out and the other is told so or has the same answer", async () => {
  const { ask, messages } = platform();
  const answers = await Promise.all([ask(EDIT), ask(EDIT), ask(EDIT)]);
  expect(answers.filter((one) => one.kind === "done" && !one.isRepeat)).toHaveLength(1);
  expect(answers.filter(({ kind }) => kind === "reused")).toEqual([]);
  expect(editsIn(messages)).toBe(1);
});

const FAULTS: Fault[] = Array.from({ length: 7 }, (_, n) => n + 1).flatMap((call) => [
  { call, when: "before" } as const,
  { call, when: "after" } as const,
]);

test("an undisturbed request takes as many calls as faults are tried below", async () => {
  const { ask, calls } = platform();
  await ask(EDIT);
  expect(calls()).toBe(FAULTS.length / 2); // look, read, claim, read, two messages, decided
});

test.each(FAULTS)(
  "where a process ends $when call $call, who asks again gets the answer, changed once",
  async (fault) => {
    const { ask, fail, later, messages } = platform();
    fail(fault);
    await expect(ask(EDIT)).rejects.toThrow("no answer");
    fail(undefined);
    later(CLAIM_MS);
    const again = await ask(EDIT);
    const { event_subscriptions } = EDIT;
    const state = { kind: "registered", version: 2, agent: { ...AGENT, event_subscriptions } };
    expect(again).toMatchObject({ kind: "done", result: { kind: "accepted", state } });
    expect(messages.map(({ type }) => type)).toEqual([
      "agent_registered",
      "event_subscriptions_edited",
    ]);
    expect(await ask(EDIT)).toEqual({ ...again, isRepeat: true });
  },
);

test("a change that was stored is not made again over what others have made of it since", async () => {
  const { ask, fail, later, messages } = platform();
  fail({ call: 6, when: "after" }); // both messages are stored, the process is gone
  await expect(ask(EDIT)).rejects.toThrow("no answer");
  fail(undefined);
  await ask(editTo("https://b.example.com/"), OTHER_KEY);
  later(CLAIM_MS);
  const again = await ask(EDIT);
  expect(again).toMatchObject({ isRepeat: true, result: { state: { version: 2 } } });
  expect(messages).toHaveLength(3);
  expect(messages.at(-1)?.agent?.event_subscriptions).toMatchObject([
    { callback_url: "https://b.example.com/" },
  ]);
});

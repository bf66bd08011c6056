import { expect, test } from "vitest";
import { knownWorkspaces } from "./known-workspaces.ts";
import { agentEntries, type AgentEntry } from "./agent-entries.ts";

const SUBJECT = "subscriptions.w1.a1";
const there = (seq: number): AgentEntry => ({ seq, registered: true, subscriptions: [] });
const removed = (seq: number): AgentEntry => ({ seq, registered: false, subscriptions: [] });

test("an agent that is removed is brought back by no older message that is read late", () => {
  const entries = agentEntries(knownWorkspaces());
  entries.apply(SUBJECT, there(5), 0);
  entries.apply(SUBJECT, removed(6), 0);
  entries.apply(SUBJECT, there(5), 1_000);
  expect(entries.get(SUBJECT)).toBeUndefined();
  entries.apply(SUBJECT, there(7), 2_000);
  expect(entries.get(SUBJECT)).toMatchObject({ seq: 7 });
  expect(entries.counts()).toEqual({ agents: 1, subscriptions: 0 });
});

test("agents that were removed take no room, however many come and go", () => {
  const entries = agentEntries(knownWorkspaces());
  for (let n = 1; n <= 20_000; n += 2) {
    entries.apply(`subscriptions.w1.a${n}`, there(n), n * 100);
    entries.apply(`subscriptions.w1.a${n}`, removed(n + 1), n * 100);
  }
  expect(entries.size()).toBeLessThan(1_000);
  expect(entries.counts()).toEqual({ agents: 0, subscriptions: 0 });
});

import { expect, test } from "vitest";
import { endpointStates } from "./endpoint-states.ts";

const URL = "https://a.example.com";

test("an endpoint that nothing is known of is healthy", () => {
  expect(endpointStates().get({ workspaceId: "w1", endpoint: URL })).toEqual({
    workspaceId: "w1",
    endpoint: URL,
    scope: "origin",
    window: [],
    notified: { kind: "healthy" },
    recoveredSeq: 0,
  });
});

test("the same origin is another endpoint in another workspace", () => {
  const states = endpointStates();
  states.keep({ ...states.get({ workspaceId: "w1", endpoint: URL }), recoveredSeq: 7 });
  expect(states.get({ workspaceId: "w1", endpoint: URL }).recoveredSeq).toBe(7);
  expect(states.get({ workspaceId: "w2", endpoint: URL }).recoveredSeq).toBe(0);
});

test("those that fail are found, until they have recovered", () => {
  const states = endpointStates();
  const healthy = states.get({ workspaceId: "w1", endpoint: URL });
  const failing = { ...healthy, notified: { kind: "failing", atPercent: 50, sinceMs: 1 } } as const;
  states.keep(failing);
  expect(states.failing()).toEqual([failing]);
  states.keep(healthy);
  expect(states.failing()).toEqual([]);
});

test("beyond its bound the one that was quiet longest is forgotten, also while it fails", () => {
  const states = endpointStates(2);
  for (const name of ["a", "b"]) {
    const notified = { kind: "failing", atPercent: 50, sinceMs: 1 } as const;
    states.keep({ ...states.get({ workspaceId: "w1", endpoint: name }), notified });
  }
  states.keep(states.get({ workspaceId: "w1", endpoint: "a" }));
  states.keep({ ...states.get({ workspaceId: "w1", endpoint: "c" }), recoveredSeq: 3 });
  expect(states.failing().map(({ endpoint }) => endpoint)).toEqual(["a"]);
  expect(states.get({ workspaceId: "w1", endpoint: "b" }).notified).toEqual({ kind: "healthy" });
});

test("a workspace with many endpoints makes nobody else's forgotten", () => {
  const states = endpointStates(100);
  const notified = { kind: "failing", atPercent: 50, sinceMs: 1 } as const;
  states.keep({ ...states.get({ workspaceId: "w2", endpoint: URL }), notified });
  for (let n = 0; n < 1_000; n += 1)
    states.keep(states.get({ workspaceId: "w1", endpoint: `https://e${n}.example.com` }));
  expect(states.get({ workspaceId: "w2", endpoint: URL }).notified).toEqual(notified);
  expect(states.failing()).toHaveLength(1);
});

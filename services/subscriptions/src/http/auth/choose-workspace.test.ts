import { expect, test } from "vitest";
import { credentialIn } from "../../../../../test/harness/callers.ts";
import { inWorkspace, isOperator, type WorkspaceRule } from "./choose-workspace.ts";
import type { Credential } from "./credential.ts";

const key = credentialIn("acme");
const operator: Credential = { ...credentialIn("*"), permissions: new Set(["admin"]) };
const person: Credential = {
  ...credentialIn("acme"),
  kind: "person",
  roles: [
    { workspaceId: "beta", permissions: new Set(["admin"]) },
    { workspaceId: "beta", permissions: new Set(["publish"]) },
  ],
};
const both: Credential = { ...person, roles: [{ ...operator, permissions: new Set(["test"]) }] };

/** The workspace and the permissions there, or the code of the refusal. */
const chosen = (credential: Credential, sent: string | undefined, rule: WorkspaceRule = "one") => {
  const headers = sent === undefined ? {} : { "x-workspace-id": sent };
  const choice = inWorkspace(credential, headers, rule);
  if (choice.kind === "refused") return choice.problem.code;
  const { workspaceId, permissions } = choice.caller;
  return `${workspaceId}: ${[...permissions].join(" ")}`;
};

test.each<[string, Credential, string | undefined, WorkspaceRule, string]>([
  ["a key is of its workspace", key, undefined, "one", "acme: read"],
  ["a key may name its own", key, "acme", "one", "acme: read"],
  ["a key may not name another", key, "beta", "one", "insufficient_scope"],
  ["a key may not name all", key, "*", "or_none", "bad_request"],
  ["a key is no operator", key, undefined, "operator", "operator_required"],
  ["an operator has to name one", operator, undefined, "one", "workspace_required"],
  ["an operator acts in the one that is named", operator, "beta", "one", "beta: admin"],
  ["an operator cannot take all for one", operator, "*", "one", "bad_request"],
  [
    "an operator may name none where a call is about any",
    operator,
    undefined,
    "or_none",
    "*: admin",
  ],
  ["or has to name all", operator, undefined, "or_all", "workspace_required"],
  ["and may", operator, "*", "or_all", "*: admin"],
  ["which a key may not", key, "*", "or_all", "bad_request"],
  ["or all", operator, "*", "or_none", "*: admin"],
  ["or one", operator, "acme", "or_none", "acme: admin"],
  ["what is for operators is about all", operator, "acme", "operator", "*: admin"],
  ["a person is where the session says", person, undefined, "one", "acme: read"],
  ["or where there is another role", person, "beta", "one", "beta: admin publish"],
  ["and nowhere else", person, "gamma", "one", "insufficient_scope"],
  ["roles everywhere come on top of those in one", both, "acme", "one", "acme: read test"],
  ["and are alone elsewhere", both, "gamma", "one", "gamma: test"],
  ["only those count for what is the operators'", both, undefined, "operator", "*: test"],
  ["a workspace has an id", operator, "a.b", "one", "bad_request"],
  ["two headers are none", operator, "acme, beta", "one", "bad_request"],
  ["an empty one is none", operator, "", "one", "bad_request"],
])("%s", (_what, credential, sent, rule, expected) => {
  expect(chosen(credential, sent, rule)).toBe(expected);
});

test("who has a role in all workspaces is an operator", () => {
  expect([key, operator, person, both].map(isOperator)).toEqual([false, true, false, true]);
});

import { expect, test } from "vitest";
import { readRoles, rolesOf } from "./roles.ts";

const rule = (group: string, workspaceId: string, ...scopes: string[]) => ({
  group,
  workspaceId,
  scopes,
});

test.each<[string, object[]]>([
  ["", []],
  ["ops=*:admin", [rule("ops", "*", "admin")]],
  [
    " support = acme : read, payloads ; ops=*:read\n",
    [rule("support", "acme", "read", "payloads"), rule("ops", "*", "read")],
  ],
  ["CN=ops,OU=groups=acme:write", [rule("CN=ops,OU=groups", "acme", "write")]],
  ["a=acme:read\na=other:write", [rule("a", "acme", "read"), rule("a", "other", "write")]],
  ['[{"group": "a;b", "workspace_id": "acme", "scopes": ["read"]}]', [rule("a;b", "acme", "read")]],
])("%j is read", (text, rules) => {
  expect(readRoles(text)).toEqual({ kind: "rules", rules });
});

test.each([
  "ops",
  "ops=*",
  "ops=acme",
  "=acme:read",
  "ops=:read",
  "ops=acme:",
  "ops=acme:root",
  "ops=acme:read:write",
  "ops=a.b:read",
  "ops=**:read",
  "ops=acme:read,",
  "[",
  "[{}]",
  '[{"group": "", "workspace_id": "acme", "scopes": ["read"]}]',
  '[{"group": "a", "workspace_id": "a b", "scopes": ["read"]}]',
  '[{"group": "a", "workspace_id": "acme", "scopes": []}]',
  '[{"group": "a", "workspace_id": "acme", "scopes": ["read"], "admin": true}]',
])("%j is refused", (text) => {
  expect(readRoles(text)).toMatchObject({ kind: "invalid" });
});

const RULES = [
  rule("support", "acme", "read"),
  rule("leads", "acme", "write", "read"),
  rule("leads", "beta", "read"),
  rule("ops", "*", "read"),
] as never;

test("somebody has what all their groups have, each workspace once, operators' rights first", () => {
  expect(rolesOf(new Set(["leads", "support", "ops", "other"]), RULES)).toEqual([
    { workspaceId: "*", scopes: ["read"] },
    { workspaceId: "acme", scopes: ["read", "write"] },
    { workspaceId: "beta", scopes: ["read"] },
  ]);
});

test.each([[[]], [["Support"]], [["support "]], [["*"]], [["acme"]]])(
  "somebody in %j may do nothing: groups are compared as they are written",
  (groups) => {
    expect(rolesOf(new Set(groups), RULES)).toEqual([]);
  },
);

import { assert, property, subarray } from "fast-check";
import { expect, test } from "vitest";
import { callerIn } from "../../../../test/harness/callers.ts";
import { CAPABILITIES, permissionsOf, SCOPES, type Permission } from "../http/auth/permissions.ts";
import { excessOf, type Grant } from "./grant.ts";

const caller = (workspaceId: string, granted: readonly Permission[], agents?: readonly string[]) =>
  callerIn(workspaceId, "k1", {
    permissions: permissionsOf(granted),
    ...(agents === undefined ? {} : { agents: new Set(agents) }),
  });

const grant = (more: Partial<Grant> = {}): Grant => ({
  workspaceId: "acme",
  permissions: ["read"],
  agents: undefined,
  ...more,
});

test.each<[string, Grant, ReturnType<typeof caller>, string]>([
  ["what one has", grant(), caller("acme", ["admin"]), "may be given"],
  ["all scopes", grant({ permissions: [...SCOPES] }), caller("acme", ["admin"]), "may be given"],
  ["another workspace's", grant({ workspaceId: "beta" }), caller("acme", ["admin"]), "another"],
  ["an operator's", grant({ workspaceId: "*" }), caller("acme", ["admin"]), "operators"],
  ["by an operator", grant({ workspaceId: "*" }), caller("*", ["admin"]), "may be given"],
  ["in any workspace", grant({ workspaceId: "beta" }), caller("*", ["admin"]), "may be given"],
  ["publishing", grant({ permissions: ["publish"] }), caller("acme", ["write"]), "not publish"],
  ["payloads", grant({ permissions: ["payloads"] }), caller("acme", ["write"]), "not payloads"],
  ["all agents", grant(), caller("acme", ["admin"], ["a1"]), "bound"],
  ["other agents", grant({ agents: ["a1", "a2"] }), caller("acme", ["admin"], ["a1"]), "a2"],
  [
    "its agents",
    grant({ agents: ["a1"] }),
    caller("acme", ["admin"], ["a1", "a2"]),
    "may be given",
  ],
  ["agents", grant({ agents: ["a1"] }), caller("acme", ["admin"]), "may be given"],
])("%s", (_what, wanted, by, expected) => {
  expect(excessOf(wanted, by) ?? "may be given").toContain(expected);
});

test("whatever is given, who gets it may do nothing that the giver may not", () => {
  const some = subarray([...new Set([...SCOPES, ...CAPABILITIES])]);
  assert(
    property(some, some, (held, permissions) => {
      const by = caller("acme", held);
      if (excessOf(grant({ permissions }), by) !== undefined) return;
      for (const one of permissionsOf(permissions)) expect(by.permissions.has(one)).toBe(true);
    }),
  );
});

import { expect, test } from "vitest";
import {
  CAPABILITIES,
  permissionsInFile,
  permissionsOf,
  SCOPES,
  type Permission,
} from "./permissions.ts";

const sorted = (permissions: ReadonlySet<Permission>): string[] => [...permissions].toSorted();

test.each<[Permission[], string[]]>([
  [["read"], ["read"]],
  [["payloads"], ["payloads", "read"]],
  [["write"], ["endpoints", "read", "secrets", "test", "write"]],
  [["redeliver"], ["read", "redeliver"]],
  [["publish"], ["publish"]],
  [["admin"], [...new Set([...SCOPES, ...CAPABILITIES])].toSorted()],
  [
    ["read", "secrets"],
    ["read", "secrets"],
  ],
  [[], []],
])("%j permits %j", (granted, expected) => {
  expect(sorted(permissionsOf(granted))).toEqual(expected);
});

test("keys of the file may do what they could before there were further scopes", () => {
  expect(sorted(permissionsInFile(["read"]))).toEqual(["payloads", "read"]);
  expect(sorted(permissionsInFile(["write"]))).toEqual([
    "endpoints",
    "payloads",
    "read",
    "redeliver",
    "secrets",
    "test",
    "write",
  ]);
  expect(permissionsInFile(["publish"])).toEqual(new Set(["publish"]));
});

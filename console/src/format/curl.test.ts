import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { curlText } from "./curl.ts";

const api = "https://hooks.example.com/ca/api/v0";

test("a call is a command with the key from the shell", () => {
  expect(curlText({ method: "GET", path: "/events?status=failed" }, { api })).toBe(
    `curl -sS https://hooks.example.com/ca/api/v0/events?status=failed \\\n  -H "X-API-KEY: $KEY"`,
  );
});

test("a shell hands over exactly the body and the workspace, whatever they hold", () => {
  const body = { text: `it's "$HOME" \`id\` \\ \n é` };
  const text = curlText({ method: "POST", path: "/a&b?c=d&e=f", body }, { api, workspace: "a'b" });
  const printed = execFileSync("sh", ["-c", text.replace("curl", "printf '%s\\0'")], {
    env: { KEY: "rb_x" },
    encoding: "utf8",
  });
  expect(printed.split("\0").slice(0, -1)).toEqual([
    "-sS",
    "-X",
    "POST",
    `${api}/a&b?c=d&e=f`,
    "-H",
    "X-API-KEY: rb_x",
    "-H",
    "X-Workspace-Id: a'b",
    "-H",
    "Content-Type: application/json",
    "-d",
    JSON.stringify(body),
  ]);
});

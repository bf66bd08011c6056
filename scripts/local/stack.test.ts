import { expect, test } from "vitest";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeTempDir } from "../../test/harness/temp-dir.ts";
import { ensureNatsServer } from "../nats-server.ts";
import { listeningLine, natsConfig } from "./stack.ts";

test("the addresses are taken from the log line `listening` alone", () => {
  const line = { level: 30, msg: "listening", http: "http://127.0.0.1:1", admin: "http://[::1]:2" };
  expect(listeningLine(JSON.stringify(line))).toEqual({ http: line.http, admin: line.admin });
  const { http: _, ...withoutApi } = line;
  expect(listeningLine(JSON.stringify(withoutApi))).toEqual({ http: "", admin: line.admin });
});

test.each(['{"msg":"not yet \\"listening\\""}', 'warning: "listening"', "[]", ""])(
  "%s is not that line",
  (line) => {
    expect(listeningLine(line)).toBeUndefined();
  },
);

test("nats-server takes the configuration that keeps acknowledged messages over a power cut", async () => {
  const directory = await makeTempDir("stack's");
  const file = join(directory, "nats-server.conf");
  writeFileSync(file, natsConfig(directory));
  const checked = spawnSync(await ensureNatsServer(), ["-t", "-c", file], { encoding: "utf8" });
  expect(checked).toMatchObject({ status: 0 });
  expect(natsConfig(directory)).toContain("sync_interval: always");
});

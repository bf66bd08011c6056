import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { type BulkScene, startBulkScene } from "./bulk-scene.ts";

failOnLeaks();

const PAGE = readFileSync(new URL("../../docs/api/redelivery.md", import.meta.url), "utf8");
const BLOCKS = [...PAGE.matchAll(/```sh\n(.*?)```/gs)].map(([, block = ""]) => block);

let scene: BulkScene;
beforeAll(async () => {
  scene = await startBulkScene();
  await scene.makeDeadLetters("agent-7", 3);
  scene.mendEndpoint();
});
afterAll(() => scene.stop());

/** What a reader sees who pastes it: every curl's answer, and no status that is an error. */
const runs = async (block: string): Promise<{ code: unknown; out: string; problems: string[] }> => {
  const env = {
    PATH: process.env["PATH"],
    api: scene.apis[0]!.httpUrl("/ca/api/v0"),
    KEY: scene.keys[0],
  };
  const shell = spawn("bash", ["-eu", "-o", "pipefail", "-c", block], { env });
  const texts = { out: "", err: "" };
  shell.stdout.on("data", (data: Buffer) => (texts.out += String(data)));
  shell.stderr.on("data", (data: Buffer) => (texts.err += String(data)));
  const [code] = await once(shell, "close");
  const problems = texts.out.match(/urn:ringback:problem:\w+/g) ?? [];
  return { code, out: texts.out + texts.err, problems };
};

test("there is an example of every call on the page", () => {
  const all = BLOCKS.join("");
  for (const part of ["/test-event", '/redeliver"', '-X POST "$api/redeliveries"', "-X DELETE"]) {
    expect(all).toContain(part);
  }
});

test("every example runs as it stands", async () => {
  for (const block of BLOCKS) {
    const ran = await runs(block);
    expect(ran).toMatchObject({ code: 0, problems: [] });
    expect(ran.out).toMatch(/"(?:event_id|redelivery_id|redeliveries)"/);
  }
});

import { readFile } from "node:fs/promises";
import { readEvent } from "@ringback/contracts/events/event";
import { expect, test } from "vitest";
import { byHand, SHELL_ENV_FILE, UP_ADDRESSES } from "./by-hand.ts";
import { readSampleEvents } from "../demo/events.ts";

/** The commands, with continued lines joined. */
const commands = async (): Promise<string[]> =>
  byHand(await readSampleEvents(), UP_ADDRESSES)
    .replaceAll("\\\n", "")
    .split("\n");

test("every nats pub line publishes its file as a valid event with its message id", async () => {
  const samples = await readSampleEvents();
  const lines = (await commands()).filter((line) => line.includes(" pub "));
  expect(lines).toHaveLength(samples.length);
  for (const [n, line] of lines.entries()) {
    const match = /--force-stdin -H "Nats-Msg-Id:(\S+)"\s+(\S+) < (\S+)$/.exec(line);
    const [, messageId, subject = "", file = ""] = match ?? [];
    expect(readEvent(subject, await readFile(file))).toMatchObject({ kind: "event" });
    expect(messageId).toBe(samples[n]?.message.messageId);
  }
});

test("each sample is published from its file without a tool that set-up does not bring", async () => {
  const samples = await readSampleEvents();
  const posted = (await commands()).flatMap(
    (line) => / --data-binary @(\S+)$/.exec(line)?.[1] ?? [],
  );
  expect(await commands()).toContain(`npx --no-install ringback publish ${samples[0]?.file}`);
  expect(posted).toEqual(samples.slice(1).map(({ file }) => file));
});

test("no sample holds what the nats CLI takes for a template", async () => {
  for (const { message } of await readSampleEvents()) {
    expect(Buffer.from(message.body).toString("utf8")).not.toContain("{{");
  }
});

test("every curl line carries the key, and its body is JSON that a shell leaves alone", async () => {
  const lines = (await commands()).filter((line) => line.includes("$api/"));
  expect(lines).toHaveLength(1 + (await readSampleEvents()).length);
  for (const line of lines) {
    expect(line).toContain('-H "X-API-KEY: $KEY"');
    const [, body = "{}"] = / -d '([^']*)'$/.exec(line) ?? [];
    expect(JSON.parse(body)).toBeTypeOf("object");
  }
});

test("what set-up does not bring comes last", async () => {
  const lines = (await commands()).filter((line) => line !== "" && !line.startsWith("#"));
  const first = lines.findIndex((line) => line.startsWith("nats "));
  expect(lines[0]).toBe(`. ${SHELL_ENV_FILE}`);
  expect(first).toBeGreaterThan(0);
  expect(lines.slice(first).filter((line) => !line.startsWith("nats "))).toEqual([]);
});

test("nothing is fetched from the registry of npm, where the name `ringback` is nobody's", async () => {
  const withNpx = (await commands()).filter((line) => /\bnpx\b/.test(line));
  expect(withNpx.filter((line) => !line.includes("npx --no-install "))).toEqual([]);
  expect(withNpx).not.toEqual([]);
});

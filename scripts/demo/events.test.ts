import { readFile } from "node:fs/promises";
import { readEvent } from "@ringback/contracts/events/event";
import { expect, test } from "vitest";
import { readSampleEvents, sharedAddress } from "./events.ts";
import { DEMO_EVENT_TYPES } from "./plan.ts";

test("there is a valid sample event of every type, all of one call", async () => {
  const samples = await readSampleEvents();
  expect(samples.map(({ eventType }) => eventType)).toEqual(DEMO_EVENT_TYPES);
  for (const { message, address } of samples) {
    expect(readEvent(message.subject, message.body)).toMatchObject({ kind: "event", address });
  }
  expect(sharedAddress(samples)).toEqual(samples[0]?.address);
});

test("a sample's body is its file, byte for byte", async () => {
  for (const { message, file } of await readSampleEvents()) {
    expect(Buffer.from(message.body).equals(await readFile(file))).toBe(true);
  }
});

test("the samples would be damaged by reading and writing them as JSON", async () => {
  for (const { message } of await readSampleEvents()) {
    const text = Buffer.from(message.body).toString("utf8");
    expect(text).toContain("9007199254740993");
    expect(JSON.stringify(JSON.parse(text), null, 2)).not.toContain("9007199254740993");
    expect(text).toMatch(/[\u0900-\u097F]/); // Devanagari
  }
});

test("the transcript has at least 20 turns in two languages", async () => {
  const { transcript } = JSON.parse(
    await readFile("libs/contracts/examples/call_completed.json", "utf8"),
  );
  expect(transcript.length).toBeGreaterThanOrEqual(20);
  const texts: string[] = transcript.flatMap((turn: Record<string, string>) => Object.values(turn));
  expect(texts.some((text) => /[\u0900-\u097F]{3}/.test(text))).toBe(true);
  expect(texts.some((text) => /[a-z]{3} [a-z]{3}/i.test(text))).toBe(true);
});

test("samples of different calls are refused", async () => {
  const [first, second, ...others] = await readSampleEvents();
  if (first === undefined || second === undefined) throw new Error("too few samples");
  const stray = { ...second, address: { ...second.address, callId: "another" } };
  expect(() => sharedAddress([first, stray, ...others])).toThrow(
    /recording_completed\.json: callId 'another' is not 'c-42'/,
  );
});

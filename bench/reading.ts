import { Buffer } from "node:buffer";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { checkEvent, type EventRules } from "@ringback/contracts/events/event-check";
import { eventSubject } from "@ringback/contracts/streams/subjects";
import { addressOf, bodyOf, bodyTail } from "./payload.ts";
import { median } from "./percentiles.ts";

// node bench/reading.ts [folder of another version's sources]: the CPU time of reading one event of 32 KiB,
// in turns with JSON.parse, so that both have the same machine.

const BYTES = 32 * 1024;
const ROUNDS = 41;
const READS = 400;

type Read = (subject: string, body: Uint8Array) => unknown;

const RULES: EventRules = {
  types: { kind: "catalogue", added: new Set() },
  schema: "warn",
  isOwnType: () => false,
};

const subject = eventSubject(addressOf(1, 1));
const body = Buffer.from(bodyOf({ n: 1, sentUs: 1e15 }, bodyTail(BYTES)));
const utf8 = new TextDecoder();

const readers: Record<string, Read> = {
  "JSON.parse": (_, bytes) => JSON.parse(utf8.decode(bytes)),
  "this version": (at, bytes) => checkEvent(at, bytes, RULES),
};
const [, , other] = process.argv;
if (other !== undefined) {
  const path = join(resolve(other), "libs/contracts/src/events/event.ts");
  const { readEvent } = (await import(pathToFileURL(path).href)) as { readEvent: Read };
  readers["the other version"] = readEvent;
}

/** Microseconds of CPU of one reading. */
const timed = (read: Read): number => {
  const before = process.cpuUsage();
  for (let n = 0; n < READS; n += 1) read(subject, body);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / READS;
};

const taken = new Map(Object.keys(readers).map((name) => [name, [] as number[]]));
for (let round = 0; round < ROUNDS; round += 1) {
  for (const [name, read] of Object.entries(readers)) taken.get(name)?.push(timed(read));
}
const medianOf = (name: string): number => median(taken.get(name) ?? []);
process.stdout.write(
  `${body.byteLength} bytes, medians of ${ROUNDS} rounds of ${READS} readings\n`,
);
for (const name of taken.keys()) {
  const us = medianOf(name);
  const ratio = (us / medianOf("JSON.parse")).toFixed(2);
  process.stdout.write(`${name.padEnd(18)} ${us.toFixed(1)} µs of CPU, ${ratio} × JSON.parse\n`);
}

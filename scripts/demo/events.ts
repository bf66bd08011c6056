import { readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { eventMessage, type EventMessage } from "@ringback/contracts/events/event";
import type { EventAddress } from "@ringback/contracts/streams/subjects";
import { DEMO_EVENT_TYPES, type DemoEventType } from "./plan.ts";

const ROOT = join(import.meta.dirname, "../..");
const EXAMPLES = join(ROOT, "libs/contracts/examples");

/** One of the sample events, ready to publish: its body is the file, byte for byte. */
export type SampleEvent = {
  readonly eventType: DemoEventType;
  readonly address: EventAddress;
  /** From the root of the repository. */
  readonly file: string;
  readonly message: EventMessage;
};

/** The sample event of every type of calls, all about one call. */
export const readSampleEvents = (): Promise<readonly SampleEvent[]> =>
  Promise.all(DEMO_EVENT_TYPES.map(readSampleEvent));

const readSampleEvent = async (eventType: DemoEventType): Promise<SampleEvent> => {
  const path = join(EXAMPLES, `${eventType}.json`);
  const body = await readFile(path);
  // Only to learn whose it is; the bytes that are published stay the file's.
  const fields = JSON.parse(body.toString("utf8")) as Record<string, unknown>;
  const idOf = (name: string): string => {
    const id = fields[name];
    if (typeof id !== "string") throw new Error(`${path}: '${name}' must be a string`);
    return id;
  };
  const address = {
    workspaceId: idOf("workspace_id"),
    callId: idOf("call_id"),
    agentId: idOf("agent_id"),
    eventType,
  };
  const file = relative(ROOT, path);
  return { eventType, address, file, message: eventMessage({ ...address, body }) };
};

/** The agent, workspace and call that all samples are about. */
export const sharedAddress = (samples: readonly SampleEvent[]): EventAddress => {
  const [first, ...others] = samples;
  if (first === undefined) throw new Error("there are no sample events");
  for (const { address, file } of others) {
    for (const name of ["workspaceId", "callId", "agentId"] as const) {
      if (address[name] === first.address[name]) continue;
      throw new Error(`${file}: ${name} '${address[name]}' is not '${first.address[name]}'`);
    }
  }
  return first.address;
};

import { Buffer } from "node:buffer";
import { AGENT_EVENT_TYPES } from "@ringback/contracts/agents/workspace-agent";
import * as fc from "fast-check";

/** A message for EVENTS as it goes over the wire, and what must come of it. */
export interface AnyMessage {
  /** How it was made: named in failures. */
  readonly what: string;
  readonly subject: string;
  readonly headers: string;
  readonly body: Uint8Array;
  /** What its dead letter must say; `null`: it is an event. */
  readonly problem: RegExp | null;
}

/** These agents have subscriptions; the others have none. */
export const SUBSCRIBED = ["a0", "a1", "a2"] as const;

/** An event that is right: each way to break it begins with one. */
export interface Right {
  readonly workspace: string;
  readonly call: string;
  readonly agent: string;
  readonly type: string;
  /** Further fields; their names mean nothing to the catalogue. */
  readonly fields: Readonly<Record<string, unknown>>;
}

const NO_HEADERS = "NATS/1.0\r\n\r\n";
/** What an id in a subject may be, and short. */
export const ID = /^[A-Za-z0-9_-]{1,24}$/;

/** An event that is right, of a subscribed agent or another. */
export const right: fc.Arbitrary<Right> = fc.record({
  workspace: fc.constantFrom("w1", "w2"),
  call: fc.stringMatching(ID),
  agent: fc.oneof(fc.constantFrom<string>(...SUBSCRIBED), fc.stringMatching(ID)),
  type: fc.constantFrom(...AGENT_EVENT_TYPES),
  fields: fc.dictionary(
    fc.string({ maxLength: 8, unit: "grapheme" }).map((name) => `x-${name}`),
    fc.jsonValue({ maxDepth: 3 }).filter((value) => !/__proto__/.test(JSON.stringify(value))),
    { maxKeys: 4 },
  ),
});

/** Its body. */
export const textOf = ({ type, call, fields }: Right, more: object = {}): string =>
  JSON.stringify({ event_type: type, call_id: call, ...fields, ...more });

export const subjectOf = ({ workspace, call, agent, type }: Right): string =>
  `events.${workspace}.${call}.${agent}.${type}`;

/** The message that it becomes, with what is different about it. */
export const messageOf = (event: Right, rest: Partial<AnyMessage> = {}): AnyMessage => ({
  what: "an event",
  subject: subjectOf(event),
  headers: NO_HEADERS,
  body: Buffer.from(textOf(event)),
  problem: null,
  ...rest,
});

import { Buffer } from "node:buffer";
import * as fc from "fast-check";
import { brokenEvents, escaped, tooLong, withMember } from "./broken-events.ts";
import { type AnyMessage, messageOf, right } from "./right-events.ts";

/** Events with something about them that must not matter. */
const odd = fc.tuple(
  right,
  fc.oneof(
    fc.string({ unit: "binary", maxLength: 30 }).map((s) =>
      Buffer.from(s)
        .toString("latin1")
        .replaceAll(/[\r\n]/g, " "),
    ),
    fc.constantFrom("Ringback-Attempt: 9", "no colon", "not a name: v", "Status: 503"),
  ),
  fc.constantFrom("", " 404 No Messages", " 503", " 100 Idle Heartbeat", " x"),
);

/** Events with something in their bodies that does not route. */
const unexpected = fc
  .tuple(
    right,
    fc.oneof(
      fc
        .string({ maxLength: 5 })
        .map((key) => `[[{${JSON.stringify(key)}:0,"${escaped(key)}":1}]]`),
      fc.constant(`{"${escaped("__proto__")}":{"agent_id":"a1"}}`),
      fc.json({ maxDepth: 3 }),
    ),
    fc.constantFrom<object>({}, { call_sid: 1 }, { custom_args_values: [] }, { transcript: null }),
  )
  .map(([event, value, fields]) => {
    const body = withMember({ ...event, fields: { ...event.fields, ...fields } }, `"y":${value}`);
    return messageOf(event, { what: "unexpected fields", body: Buffer.from(body) });
  });

/** Any message at all: an event, one that only looks odd, or one with a known problem. */
export const anyMessage: fc.Arbitrary<AnyMessage> = fc.oneof(
  { weight: 250, arbitrary: right.map((event) => messageOf(event)) },
  {
    weight: 100,
    arbitrary: odd.map(([event, line, state]) =>
      messageOf(event, { what: "odd headers", headers: `NATS/1.0${state}\r\n${line}\r\n\r\n` }),
    ),
  },
  { weight: 100, arbitrary: unexpected },
  ...brokenEvents.map((arbitrary) => ({
    weight: 35,
    arbitrary,
  })),
  { weight: 2, arbitrary: tooLong },
);

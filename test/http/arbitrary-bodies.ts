import * as fc from "fast-check";
import { EVENT_TYPES } from "@ringback/contracts/events/event-types";

/** The bytes of a body, and how it was made. */
export type AnyBody = {
  readonly what: string;
  readonly bytes: Buffer;
  readonly contentType: string;
};

const MAX_CHANGES = 3;

const url = fc.oneof(
  { weight: 4, arbitrary: fc.webUrl({ validSchemes: ["https"], withQueryParameters: true }) },
  fc.constantFrom(
    "https://127.0.0.1/",
    "https://localhost/",
    "https://a.example.com:22/",
    "http://a.example.com/",
  ),
  fc.string({ unit: "binary" }),
);
const eventType = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom<string>(...EVENT_TYPES) },
  fc.string({ maxLength: 8 }),
);
const headers = fc.dictionary(
  fc.oneof(
    { weight: 4, arbitrary: fc.stringMatching(/^x-[a-z0-9-]{1,12}$/) },
    fc.constantFrom("Host", "Content-Type", "constructor", "__proto__", ""),
    fc.string({ unit: "binary", maxLength: 12 }),
  ),
  fc.oneof(
    { weight: 4, arbitrary: fc.stringMatching(/^[!-~]{1,20}$/) },
    fc.string({ unit: "binary", maxLength: 20 }),
  ),
  { maxKeys: 4 },
);
const subscription = fc.record(
  {
    event_type: fc.oneof(
      { weight: 3, arbitrary: eventType },
      fc.array(eventType, { maxLength: 4 }),
    ),
    callback_url: url,
    headers,
    method_type: fc.constantFrom("POST", "PUT", "PATCH", "GET", "post"),
  },
  { requiredKeys: ["event_type", "callback_url"] },
);

/** Bodies that are right, or wrong in a value. */
const request = (agentId: string): fc.Arbitrary<unknown> =>
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record(
        {
          operation: fc.constant("edit_event_subscriptions"),
          agent_id: fc.constant(agentId),
          event_subscriptions: fc.array(subscription, { maxLength: 4 }),
          mode: fc.constantFrom("merge", "replace", "append"),
          on_conflict: fc.constantFrom("overwrite", "error"),
        },
        { requiredKeys: ["operation", "agent_id", "event_subscriptions"] },
      ),
    },
    fc.record({
      operation: fc.constant("remove_event_subscriptions"),
      agent_id: fc.constant(agentId),
      event_types: fc.array(eventType, { maxLength: 3 }),
    }),
    fc.jsonValue(),
  );

/** What a field is replaced by: what a reader of JSON, a database or a subject could stumble over. */
const odd = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    0,
    -1,
    "",
    "\0",
    "\ud800",
    "..",
    "*",
    ">",
    "a.b",
    "${x}",
    "%00",
    "<redacted>",
    "enc:v1:k:A",
    [],
    {},
    [[]],
    "x".repeat(300),
  ),
  fc.jsonValue(),
);

/** Where in a value something is changed, and to what. */
const change = fc.record({
  at: fc.array(fc.nat(6), { maxLength: 5 }),
  how: fc.constantFrom("replace", "remove", "add", "rename"),
  value: odd,
  name: fc.oneof(
    fc.constantFrom("__proto__", "constructor", "toString", "\0", ""),
    fc.string({ maxLength: 5 }),
  ),
});
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;

const changed = (value: unknown, [step, ...rest]: readonly number[], by: Change): unknown => {
  const isInner = typeof value === "object" && value !== null && Object.keys(value).length > 0;
  if (step === undefined || !isInner) return by.value;
  const entries = Object.entries(value);
  const n = step % entries.length;
  const [key, inner] = entries[n] ?? ["", null];
  const at = rest.length > 0 ? ([key, changed(inner, rest, by)] as const) : undefined;
  const replacement: readonly (readonly [string, unknown])[] =
    at !== undefined
      ? [at]
      : {
          replace: [[key, by.value] as const],
          remove: [],
          add: [[key, inner] as const, [by.name, by.value] as const],
          rename: [[by.name, inner] as const],
        }[by.how as "replace"];
  const result = [...entries.slice(0, n), ...replacement, ...entries.slice(n + 1)];
  return Array.isArray(value) ? result.map(([, one]) => one) : Object.fromEntries(result);
};

/** What is done to the text: to its syntax, its keys, its bytes. */
const texts: Readonly<Record<string, (text: string, n: number) => Buffer>> = {
  whole: (text) => Buffer.from(text),
  cut: (text, n) => Buffer.from(text).subarray(0, n % (text.length + 1)),
  "another byte": (text, n) => {
    const bytes = Buffer.from(text);
    if (bytes.length > 0) bytes[n % bytes.length] = n % 256;
    return bytes;
  },
  "a key twice": (text) => Buffer.from(text.replace(/"([a-z_]+)":/, '"$1":null,"$1":')),
  "a refused key": (text) => Buffer.from(text.replace("{", '{"__proto__":{"scope":"admin"},')),
  deep: (text, n) => Buffer.from("[".repeat(n % 200) + text + "]".repeat(n % 200)),
  marked: (text) => Buffer.from(`\ufeff${text}`),
  "UTF-16": (text) => Buffer.from(text, "utf16le"),
};
const TEXTS = Object.keys(texts);

/** Bodies of which about a quarter are right, for a PATCH of this agent. */
export const anyBody = (agentId: string): fc.Arbitrary<AnyBody> =>
  fc
    .record({
      value: request(agentId),
      changes: fc.array(change, { maxLength: MAX_CHANGES }),
      keep: fc.boolean(),
      how: fc.oneof({ weight: 3, arbitrary: fc.constant("whole") }, fc.constantFrom(...TEXTS)),
      n: fc.nat(100_000),
      contentType: fc.oneof(
        { weight: 12, arbitrary: fc.constant("application/json") },
        fc.constantFrom(
          "application/json;charset=utf-8",
          "application/json\t;x",
          "text/plain",
          "Application/JSON",
        ),
      ),
    })
    .map(({ value, changes, keep, how, n, contentType }) => {
      const made = keep ? value : changes.reduce((one, by) => changed(one, by.at, by), value);
      const text = JSON.stringify(made) ?? "";
      return { what: how, bytes: texts[how]?.(text, n) ?? Buffer.from(text), contentType };
    });

import { Buffer } from "node:buffer";
import * as fc from "fast-check";
import { readEvent } from "@ringback/contracts/events/event";
import { parseStrictJson } from "@ringback/contracts/json/strict-json";
import { checkRequest } from "../../services/subscriptions/src/publishing/check-request.ts";

import { RefusedError } from "../../services/subscriptions/src/http/refused-error.ts";
import { BODY_LIMITS } from "../../services/subscriptions/src/http/json-body.ts";
import { createJobSchema } from "../../services/subscriptions/src/redelivery/routes/schemas.ts";
import { registerAgentSchema } from "../../services/subscriptions/src/agents/routes/register-agent.ts";
import { patchAgentSchema } from "../../services/subscriptions/src/agents/routes/patch-schema.ts";
import { validatorCompiler } from "../../services/subscriptions/src/http/validation.ts";
import { timesTooLong } from "../harness/cpu-time.ts";
import { largestBodies, type LargestBody } from "./largest-bodies.ts";

/** How many bodies each reader gets, and the seed they come of. */
const BODIES = 15;
const [seed = "1"] = process.argv.slice(2);

/** What a reader took for a body, as a part of what it may: the event loop could do nothing else. */
export type Judged = {
  readonly reader: string;
  readonly what: string;
  readonly timesTooLong: number;
};

type Reader = {
  readonly name: string;
  readonly bodies: fc.Arbitrary<LargestBody>;
  readonly read: (body: Buffer) => unknown;
};

const MIB = 1024 * 1024;
const KIB = 1024;

const EVENT_HEAD = '"event_type":"call_completed","call_id":"c1","agent_id":"a1"';
const EVENT_FIELDS = ["transcript", "custom_args_values", "analysis_data", "call_sid", "other"];

const EDIT = '"operation":"edit_event_subscriptions","agent_id":"a1"';
const SUBSCRIPTION = '{"event_type":"call_completed","callback_url":"https://a.example.com"';

const policy = {
  allowInsecureHttp: false,
  allowedPrivateCidrs: [],
  allowedPorts: [{ first: 443, last: 443 }],
};

const bodyReader = (name: string, schema: Parameters<typeof validatorCompiler>[0]["schema"]) => {
  const validate = validatorCompiler({ schema, httpPart: "body", method: "PATCH", url: "" });
  return {
    name,
    read: (body: Buffer): unknown => {
      const json = parseStrictJson(body, BODY_LIMITS);
      return json.kind === "value" ? validate(json.value) : json;
    },
  };
};

/** Inside of the only subscription of an edit. */
const inSubscription = (field: string): fc.Arbitrary<LargestBody> =>
  largestBodies(255 * KIB, '"x":0', [field]).map(({ what, bytes }) => {
    const inner = bytes.toString().replace(/^\{"x":0,?/, "");
    const isWhole = inner.startsWith("[");
    const text = isWhole ? inner : `{${EDIT},"event_subscriptions":[${SUBSCRIPTION},${inner}]}`;
    return { what: `${what} of a subscription`, bytes: Buffer.from(text) };
  });

const patch = bodyReader("PATCH /agent/v1", patchAgentSchema(policy));
const RULES: Parameters<typeof checkRequest>[1] = {
  workspaceId: "w1",
  maxEventBytes: MIB,
  events: {
    types: { kind: "catalogue", added: new Set() },
    schema: "warn",
    isOwnType: () => false,
  },
};
const publish = async (body: Buffer): Promise<unknown> => {
  try {
    return await checkRequest(body, RULES);
  } catch (error) {
    if (error instanceof RefusedError) return error;
    throw error;
  }
};

const READERS: readonly Reader[] = [
  {
    name: "EVENTS",
    bodies: largestBodies(MIB, EVENT_HEAD, EVENT_FIELDS),
    read: (body) => readEvent("events.w1.c1.a1.call_completed", body),
  },
  {
    name: "POST /events",
    bodies: largestBodies(MIB, EVENT_HEAD, EVENT_FIELDS),
    read: publish,
  },
  {
    name: "POST /events, 8 MiB",
    bodies: largestBodies(8 * MIB, EVENT_HEAD, ["other"]),
    read: publish,
  },
  {
    ...patch,
    bodies: fc.oneof(
      largestBodies(256 * KIB, EDIT, ["event_subscriptions", "agent_id", "mode", "other"]),
      ...["headers", "event_type", "delivery", "signing", "callback_url"].map(inSubscription),
    ),
  },
  {
    ...bodyReader("POST /agent/v1", registerAgentSchema),
    bodies: largestBodies(256 * KIB, '"agent_id":"a1"', ["agent_display_name", "other"]),
  },
  {
    ...bodyReader(
      "POST /redeliveries",
      createJobSchema(() => new Date()),
    ),
    bodies: largestBodies(256 * KIB, '"status":"all"', ["event_types", "since", "other"]),
  },
];

for (const { name: reader, bodies, read } of READERS) {
  for (const { what, bytes } of fc.sample(bodies, { numRuns: BODIES, seed: Number(seed) })) {
    const judged = { reader, what, timesTooLong: await timesTooLong(() => read(bytes)) };
    console.log(JSON.stringify(judged satisfies Judged));
  }
}

import { Ajv2020 } from "ajv/dist/2020.js";
import { EVENT_TYPES } from "@ringback/contracts/events/event-types";
import { METHOD_TYPES } from "@ringback/contracts/agents/subscription";
import { parseSuccessStatus } from "@ringback/contracts/agents/success-status";
import { expect, test } from "vitest";
import { openApiDocument } from "../../scripts/openapi/document.ts";
import {
  type RequestFacts,
  requestFor,
} from "../../services/dispatcher/src/delivery/decide/request.ts";
import { outcomeOf } from "../../services/dispatcher/src/delivery/decide/outcome.ts";

type Ref = { readonly $ref: string };
type Header = {
  readonly name: string;
  readonly required?: boolean;
  readonly schema: object;
};
type Webhook = {
  readonly parameters: readonly Ref[];
  readonly post: {
    readonly requestBody: Ref;
    readonly responses: Readonly<Record<string, Ref>>;
  };
};

const document = await openApiDocument();
const webhooks = Object.entries(document.webhooks ?? {}) as unknown as readonly [string, Webhook][];

const found = ({ $ref }: Ref): unknown =>
  $ref
    .slice("#/".length)
    .split("/")
    .reduce<unknown>((part, name) => (part as Record<string, unknown>)[name], document);

const ajv = new Ajv2020({ strict: false });
const fits = (schema: object, value: unknown): boolean =>
  ajv.compile({ ...schema, components: document.components })(value);

/** The least and the most that a request can have. */
const PLAIN: RequestFacts = {
  eventId: "evt_t9x3k0_18423",
  eventType: "call_completed",
  attempt: 1,
  nowMs: Date.parse("2026-03-02T10:17:41.316Z"),
  userAgent: "Ringback/0.1.0",
  body: new Uint8Array(),
  sign: () => "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=",
};
const FULL: RequestFacts = {
  ...PLAIN,
  isTest: true,
  traceHeaders: {
    traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    tracestate: "vendor=t61rcWkgMzE",
  },
};
const SUBSCRIPTION = {
  event_type: "call_completed",
  callback_url: "https://crm.example.com/calls",
  headers: {},
  method_type: "POST",
} as const;
const KEY = {
  id: "k",
  created_at: "2026-03-01T00:00:00.000Z",
  scheme: "v1",
  secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
} as const;

/** Its headers but those of the body, which OpenAPI says elsewhere. */
const headersOf = (facts: RequestFacts, signing?: [typeof KEY]): Record<string, string> => {
  const subscription = signing === undefined ? SUBSCRIPTION : { ...SUBSCRIPTION, signing };
  const { headers } = requestFor(subscription, facts);
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => !["content-type", "accept-encoding"].includes(name)),
  );
};

test("each built-in event type is a webhook, by every method that a subscription can choose", () => {
  expect(webhooks.map(([type]) => type)).toEqual(EVENT_TYPES);
  const methods = METHOD_TYPES.map((method) => method.toLowerCase());
  for (const [, webhook] of webhooks) {
    expect(Object.keys(webhook).toSorted()).toEqual([...methods, "parameters"].toSorted());
  }
});

test("a webhook has the headers that the dispatcher sends, and those that it always sends are required", () => {
  const always = headersOf(PLAIN);
  const most = headersOf(FULL, [KEY]);
  for (const [, { parameters }] of webhooks) {
    const headers = parameters.map((one) => found(one) as Header);
    expect(headers.map(({ name }) => name).toSorted()).toEqual(Object.keys(most).toSorted());
    const required = headers.filter((one) => one.required === true).map(({ name }) => name);
    expect(required.toSorted()).toEqual(Object.keys(always).toSorted());
    const wrong = headers.filter(({ name, schema }) => !fits(schema, most[name]));
    expect(wrong).toEqual([]);
  }
});

test("a webhook's body needs the fields that route and no other, takes any other, and has a sample that fits", () => {
  for (const [type, { post }] of webhooks) {
    const { content } = found(post.requestBody) as {
      content: { "application/json": { schema: Ref; examples: Record<string, { value: object }> } };
    };
    const { schema, examples } = content["application/json"];
    const least = { event_type: type, call_id: "c-42" };
    expect(fits(schema, least)).toBe(true);
    expect(fits(schema, { ...least, agent_id: null, of_a_later_version: [1] })).toBe(true);
    expect(fits(schema, { event_type: type })).toBe(false);
    expect(fits(schema, { call_id: "c-42" })).toBe(false);
    expect(fits(schema, { ...least, event_type: "another" })).toBe(false);
    expect(fits(schema, examples[type]?.value)).toBe(true);
  }
});

test("what the responses of a webhook mean is what the dispatcher makes of them", () => {
  const isSuccess = parseSuccessStatus("200") ?? (() => false);
  for (const [, { post }] of webhooks) {
    for (const [status, response] of Object.entries(post.responses)) {
      const numbers = { "2XX": [201, 204], default: [301, 401, 404, 410, 500] }[status];
      for (const number of numbers ?? [Number(status)]) {
        const result = { kind: "response", status: number } as Parameters<typeof outcomeOf>[0];
        const { kind } = outcomeOf(result, isSuccess);
        const { description } = found(response) as { description: string };
        expect([number, description.includes("failed")]).toEqual([number, kind === "failed"]);
      }
    }
  }
});

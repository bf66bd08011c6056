import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import type { SigningKey } from "@ringback/contracts/secrets/signing-key";
import { formatPublicKey, formatSigningSecret } from "@ringback/contracts/secrets/signing-secret";
import { ed25519PublicKey } from "@ringback/runtime/secrets/ed25519";
import { expect, test } from "vitest";
import { requestFor } from "../../services/dispatcher/src/delivery/decide/request.ts";
import { signatures } from "../../services/dispatcher/src/delivery/sign.ts";
import { inGo, inPython, isThere, type SignedRequest } from "./example-runtimes.ts";

/** By a variable: it has no types. */
const inNodeFile = new URL("../../docs/examples/verify-webhook.mjs", import.meta.url).href;
const { verifyWebhook } = (await import(inNodeFile)) as {
  verifyWebhook: (
    key: string,
    headers: Readonly<Record<string, string>>,
    body: Uint8Array,
    nowSeconds: number,
  ) => void;
};

const NOW_SECONDS = 1_700_000_000;
const created = { created_at: "2023-11-01T00:00:00.000Z" };
const hmacKey = (id: string): SigningKey => {
  const secret = formatSigningSecret("v1", randomBytes(32));
  return { ...created, id, scheme: "v1", secret };
};
const ed25519Key = (id: string) => {
  const seed = randomBytes(32);
  const secret = formatSigningSecret("v1a", seed);
  const public_key = formatPublicKey(ed25519PublicKey(seed));
  return { ...created, id, scheme: "v1a", secret, public_key } as const;
};
const OLD = hmacKey("old");
const NEW = hmacKey("new");
const PAIR = ed25519Key("pair");
const BODY = Buffer.from(' {"call_id":"c1", "text":"Aé/😀\\u0041", "big":9007199254740993}\n');

/** The request that the dispatcher makes, as a receiver with this key gets it. */
const received = (key: string, ...signing: SigningKey[]): SignedRequest => {
  const { headers, body } = requestFor(
    {
      event_type: "call_completed",
      callback_url: "https://a.example.com/",
      headers: {},
      method_type: "POST",
      signing,
    },
    {
      eventId: "evt_t85s00_7",
      eventType: "call_completed",
      attempt: 1,
      nowMs: NOW_SECONDS * 1_000,
      userAgent: "Ringback/1.2.3",
      body: BODY,
      sign: signatures,
    },
  );
  return { key, headers, body, nowSeconds: NOW_SECONDS + 1 };
};
const withHeader = (request: SignedRequest, name: string, value: string): SignedRequest => ({
  ...request,
  headers: { ...request.headers, [name]: value },
});

type Case = readonly [title: string, request: SignedRequest, verdict: string];

const casesFor = (key: string, ...signing: SigningKey[]): Case[] => {
  const right = received(key, ...signing);
  const { "webhook-signature": signature = "", ...unsigned } = right.headers;
  const altered = Buffer.from(BODY);
  altered[2] = 0x27;
  const other = received(key, hmacKey("other"), ed25519Key("other"));
  return [
    ["is taken as it was sent", right, ""],
    ["is taken after 5 minutes", { ...right, nowSeconds: NOW_SECONDS + 300 }, ""],
    ["is not taken later", { ...right, nowSeconds: NOW_SECONDS + 301 }, "timestamp"],
    ["is not taken from the future", { ...right, nowSeconds: NOW_SECONDS - 301 }, "timestamp"],
    ["with another byte is not", { ...right, body: altered }, "no signature fits"],
    ["twice is not", { ...right, body: Buffer.concat([BODY, BODY]) }, "no signature fits"],
    ["with another id is not", withHeader(right, "webhook-id", "evt_1_8"), "no signature fits"],
    [
      "with another time is not",
      withHeader(right, "webhook-timestamp", String(NOW_SECONDS + 1)),
      "no signature fits",
    ],
    ["with a time that is none is not", withHeader(right, "webhook-timestamp", "x1"), "timestamp"],
    ["of another secret is not", other, "no signature fits"],
    ["without signature is not", { ...right, headers: unsigned }, "header is missing"],
    [
      "with half a signature is not",
      withHeader(right, "webhook-signature", signature.slice(0, 20)),
      "no signature fits",
    ],
  ];
};

const V1 = [...casesFor(OLD.secret, NEW, OLD), ...casesFor(NEW.secret, NEW, OLD)];
const V1A = casesFor(PAIR.public_key, NEW, PAIR);

/** Each case with what was said, or was to be said: a difference shows all that is wrong at once. */
const story = (cases: readonly Case[], verdicts: readonly string[]) =>
  cases.map(([title, { key }, verdict], n) => {
    const said = verdicts[n] ?? "nothing";
    const isAsWanted = verdict === "" ? said === "" : said.includes(verdict);
    return `${key.slice(0, 5)} ${title}: ${isAsWanted ? verdict : `'${said}'`}`;
  });
const expected = (cases: readonly Case[]) =>
  story(
    cases,
    cases.map(([, , verdict]) => verdict),
  );

const inNode = ({ key, headers, body, nowSeconds }: SignedRequest): string => {
  try {
    verifyWebhook(key, headers, body, nowSeconds);
    return "";
  } catch (error) {
    return (error as Error).message;
  }
};

test("the example for Node.js takes what was signed, with both secrets while they change, and nothing else", () => {
  const cases = [...V1, ...V1A];
  expect(
    story(
      cases,
      cases.map(([, request]) => inNode(request)),
    ),
  ).toEqual(expected(cases));
});

const hasPython = isThere("python3", "--version");
const hasGo = isThere("go", "version");
for (const [has, name] of [
  [hasPython, "python3: docs/examples/verify_webhook.py"],
  [hasGo, "go: docs/examples/verify_webhook.go"],
] as const) {
  if (!has) console.warn(`NOT TESTED, as this machine has no ${name}`);
}
const orWhyNot = (has: boolean, name: string): string =>
  has ? "" : ` (NOT TESTED: there is no ${name} on this machine)`;

test.skipIf(!hasPython)(`the example for Python does${orWhyNot(hasPython, "python3")}`, () => {
  const verdicts = inPython(V1.map(([, request]) => request));
  expect(story(V1, verdicts)).toEqual(expected(V1));
});

test.skipIf(!hasGo)(
  `the example for Go does${orWhyNot(hasGo, "go")}`,
  { timeout: 120_000 },
  async () => {
    const cases = [...V1, ...V1A];
    const verdicts = await inGo(cases.map(([, request]) => request));
    expect(story(cases, verdicts)).toEqual(expected(cases));
  },
);

import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { status } from "../../harness/receiver/behaviour.ts";
import { eventually } from "../../harness/eventually.ts";
import { failOnLeaks } from "../../harness/process/leaks.ts";
import { type Platform, startPlatform } from "../../harness/process/platform.ts";
import { type Receiver, startReceiver } from "../../harness/receiver/receiver.ts";
import { filesUnder, messagesIn } from "./stored-messages.ts";

failOnLeaks();

const canary = (): string => randomBytes(12).toString("hex");
const HEADER = canary();
const OTHER_HEADER = canary();
const QUERY = canary();
const PAYLOAD = canary();
/** An Ed25519 seed, in base64, that its owner brings along. */
const SIGNING_SEED = randomBytes(32).toString("base64");
/** What a rotation gave; it may be shown in that one answer. */
let signingSecret = "none";

let platform: Platform;
let receiver: Receiver;

/** Where a text came from, and the text; everything that anybody but the endpoint can read. */
const seen = new Map<string, string>();

beforeAll(async () => {
  receiver = await startReceiver((_request, nth) =>
    // Repeats what it was sent, as some do.
    status(nth < 3 ? 500 : 200, {
      body: `Bearer ${HEADER} ${OTHER_HEADER} ${QUERY} ${signingSecret} whsk_${SIGNING_SEED}`,
    }),
  );
  platform = await startPlatform({
    env: { LOG_LEVEL: "trace" },
    dispatcherEnv: { RETRY_DELAYS: "200ms,200ms,200ms" },
  });
  const subscribe = (url: string, agentId: string) =>
    platform.subscribe(
      [
        {
          event_type: ["call_completed", "recording_completed"],
          callback_url: `${url}?token=${QUERY}`,
          headers: { Authorization: `Bearer ${HEADER}`, "X-Other": OTHER_HEADER },
        },
      ],
      { agentId },
    );
  await subscribe(receiver.url("/calls"), "a1");
  await signWithBoth();
  await subscribe("http://127.0.0.1:1/refused", "a2");
  await subscribe("http://127.0.0.1:1/refused", "a2"); // all as it was
  await subscribe("http://127.0.0.1:1/elsewhere", "a2");
  await refusedCalls();
  const body = {
    event_type: "call_completed" as const,
    call_id: "c1",
    transcript: [{ user: PAYLOAD }],
  };
  const retried = await platform.publish({ callId: "c1", body });
  const lost = await platform.publish({ callId: "c1", agentId: "a2", body });
  await platform.attempted(retried, 3);
  await platform.attempted(lost, 4);
  await eventually(async () => (await platform.deadLetters()).length === 1);
  await lookEverywhere();
}, 180_000);

afterAll(async () => {
  await platform.stop();
  await receiver.stop();
});

/** Gives a1 a secret of each kind; afterwards both sign. */
const signWithBoth = async (): Promise<void> => {
  const { body } = await platform.api("PATCH", "/agent/v1", rotate({}));
  signingSecret = (body as { signing_secret: string }).signing_secret.slice("whsec_".length);
  const pair = rotate({ signing_secret: `whsk_${SIGNING_SEED}` });
  const brought = await platform.api("PATCH", "/agent/v1", pair);
  expect(brought.status).toBe(200);
  seen.set("rotation with an own pair", withoutOwn(brought));
  const read = await platform.api("GET", "/agent/v1/a1");
  seen.set("GET of their own workspace", withoutOwn(read));
};

/** An answer without what the owner may read back. */
const withoutOwn = (answer: unknown): string =>
  JSON.stringify(answer).replaceAll(new RegExp(`${HEADER}|${OTHER_HEADER}|${QUERY}`, "g"), "");

const rotate = (more: object) => ({
  operation: "rotate_signing_secret",
  agent_id: "a1",
  ...more,
});

const edit = (headers: object, url = `https://x.example.com/?t=${QUERY}`) => ({
  operation: "edit_event_subscriptions",
  agent_id: "a1",
  event_subscriptions: [{ event_type: "call_completed", callback_url: url, headers }],
});

/** Calls that are refused, each with a secret in it: what they are told must not repeat it. */
const refusedCalls = async (): Promise<void> => {
  for (const [n, body] of [
    edit({ Host: HEADER }),
    edit({ Authorization: `${HEADER}\n` }),
    edit({ Authorization: { x: HEADER } }),
    edit({ Authorization: HEADER }, `ftp://x.example.com/?t=${QUERY}`),
    edit({ Authorization: HEADER }, `https://u:${HEADER}@x.example.com/`),
    { ...edit({ Authorization: HEADER }), operation: "no_such" },
    { ...edit({ Authorization: HEADER }), on_conflict: "error" },
    rotate({ signing_secret: SIGNING_SEED }),
    rotate({ signing_secret: `whsec_${SIGNING_SEED}=` }),
    rotate({ signing_secret: `whsk_${SIGNING_SEED}`, scheme: "v1" }),
    rotate({ signing_secret: { secret: `whsk_${SIGNING_SEED}` } }),
    rotate({ overlap: signingSecret }),
    rotate({ scheme: signingSecret }),
    rotate({ event_types: [signingSecret] }),
  ].entries()) {
    const answer = await platform.api("PATCH", "/agent/v1", body);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    seen.set(`refusal ${n}`, JSON.stringify(answer));
  }
};

const lookEverywhere = async (): Promise<void> => {
  for (const service of [platform.subscriptions, ...platform.dispatchers]) {
    seen.set(`log of ${service.pid}`, service.output.all());
    seen.set(`metrics of ${service.pid}`, (await service.get("/metrics")).text);
  }
  for (const path of ["/agent/v1/a1", "/agent/v1/a2", "/assistant"]) {
    const answer = await platform.api("GET", path, undefined, "w2");
    seen.set(`GET ${path} of another workspace`, JSON.stringify(answer));
  }
  for (const stream of ["SUBSCRIPTIONS", "ATTEMPTS", "DEAD_LETTERS", "RETRIES"]) {
    for (const [n, { text }] of (await messagesIn(platform.client, stream)).entries()) {
      seen.set(`${stream} ${n}`, text);
    }
  }
};

test("the endpoint got the secrets, so that they have been everywhere they could be", () => {
  expect(receiver.requests).toHaveLength(3);
  for (const { path, headers, body } of receiver.requests) {
    expect(path).toBe(`/calls?token=${QUERY}`);
    expect(headers).toMatchObject({ authorization: `Bearer ${HEADER}`, "x-other": OTHER_HEADER });
    expect(headers["webhook-signature"]).toMatch(/^v1a,\S+ v1,\S+$/);
    expect(body.toString("utf8")).toContain(PAYLOAD);
  }
  const kinds = new Set([...seen.keys()].map((name) => name.split(" ")[0]));
  for (const kind of ["log", "metrics", "GET", "refusal", "SUBSCRIPTIONS", "ATTEMPTS"]) {
    expect(kinds).toContain(kind);
  }
  expect(kinds).toContain("DEAD_LETTERS");
});

test("no secret is in a log, a metric, an answer to others, an attempt, a dead letter or the configuration", () => {
  const API_KEY = platform.apiKeys[0] ?? "none";
  const others = { HEADER, OTHER_HEADER, QUERY, PAYLOAD, API_KEY };
  const secrets = { ...others, SIGNING_SEED, SIGNING_SECRET: signingSecret };
  const leaks = [...seen].flatMap(([where, text]) =>
    Object.entries(secrets).flatMap(([name, secret]) =>
      text.includes(secret) ? `${where}: ${name}` : [],
    ),
  );
  expect(leaks).toEqual([]);
});

test("no byte of a subscription's secrets or of an API key is on NATS's disk", async () => {
  const files = await filesUnder(platform.server.storeDir);
  const ofSubscriptions = files.filter(([path]) => path.includes("SUBSCRIPTIONS"));
  const text = ofSubscriptions.map(([, content]) => content.toString("latin1")).join("\n");
  expect(text).toContain("enc:v1:k1:"); // these are the files
  const apiKey = platform.apiKeys[0] ?? "none";
  const secrets = [HEADER, OTHER_HEADER, QUERY, SIGNING_SEED, signingSecret, apiKey];
  const leaks = files.flatMap(([path, content]) =>
    secrets.filter((secret) => content.includes(secret)).map(() => path),
  );
  expect(leaks).toEqual([]);
});

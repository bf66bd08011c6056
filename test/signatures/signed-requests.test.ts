import { Buffer } from "node:buffer";
import { createPublicKey, verify } from "node:crypto";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, expect, test } from "vitest";
import { newAgentId } from "../delivery/deliveries.ts";
import { byPath, inTurn, status } from "../harness/receiver/behaviour.ts";
import { eventually } from "../harness/eventually.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { type Platform, startPlatform } from "../harness/process/platform.ts";
import {
  type ReceivedRequest,
  type Receiver,
  startReceiver,
} from "../harness/receiver/receiver.ts";
import { problem } from "../harness/api-client.ts";
import { startExample } from "../receivers/node-receivers.ts";

failOnLeaks();

let platform: Platform;
let receiver: Receiver;
beforeAll(async () => {
  [platform, receiver] = await Promise.all([
    startPlatform({ dispatcherEnv: { RETRY_DELAYS: "1s" } }),
    startReceiver(byPath({ "/retried": inTurn(status(500), status(200)) })),
  ]);
});
afterAll(async () => {
  await Promise.all([platform.stop(), receiver.stop()]);
});

interface SignedAgent {
  readonly event_subscriptions: { event_type: string; signing?: Record<string, string>[] }[];
  readonly signing_secret?: string;
  readonly signing_public_key?: string;
  readonly version: number;
}

const patch = (agentId: string, operation: string, more: object = {}) =>
  platform.api("PATCH", "/agent/v1", { operation, agent_id: agentId, ...more });

/** A PATCH that must be answered 200; gives the agent. */
const patched = async (agentId: string, operation: string, more: object = {}) => {
  const answer = await patch(agentId, operation, more);
  expect(answer).toMatchObject({ status: 200 });
  return answer.body as SignedAgent;
};
const rotate = (agentId: string, more: object = {}) =>
  patched(agentId, "rotate_signing_secret", more);

/** A new agent with a subscription at a path of its own. */
const subscribed = async (path: string): Promise<string> => {
  const agentId = newAgentId();
  await subscribe(agentId, path);
  return agentId;
};
const subscribe = (agentId: string, path: string) =>
  platform.subscribe([{ event_type: "call_completed", callback_url: receiver.url(path) }], {
    agentId,
  });

let calls = 0;
/** The requests that an event of this agent leads to. */
const sentBy = async (agentId: string, path: string, n = 1): Promise<ReceivedRequest[]> => {
  const before = receiver.requestsTo(path).length;
  await platform.publish({ agentId, callId: `call-${(calls += 1)}` });
  return (await receiver.received(before + n, { path })).slice(before);
};

const headersOf = ({ headers }: ReceivedRequest) => headers as Record<string, string>;
const signaturesOf = (request: ReceivedRequest): string[] =>
  headersOf(request)["webhook-signature"]?.split(" ") ?? [];

/** Throws unless the request verifies with the secret. */
const verifyV1 = (secret: string | undefined, request: ReceivedRequest): unknown =>
  new Webhook(secret ?? "").verify(request.body.toString(), headersOf(request));

test("a subscription's requests are signed once it has a secret, each attempt anew", async () => {
  const agentId = await subscribed("/retried");
  const answer = await rotate(agentId);
  expect(answer.signing_secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
  expect(answer.event_subscriptions).toMatchObject([
    { signing: [{ id: expect.any(String), scheme: "v1", created_at: expect.any(String) }] },
  ]);
  const attempts = await sentBy(agentId, "/retried", 2);
  for (const attempt of attempts) expect(verifyV1(answer.signing_secret, attempt)).toBeTruthy();
  const [first, second] = attempts.map(headersOf);
  expect(second?.["webhook-id"]).toBe(first?.["webhook-id"]);
  expect(Number(second?.["webhook-timestamp"])).toBeGreaterThan(
    Number(first?.["webhook-timestamp"]),
  );
  expect(second?.["webhook-signature"]).not.toBe(first?.["webhook-signature"]);
});

test("a receiver of docs/examples takes what the dispatcher sends", async () => {
  const agentId = newAgentId();
  await subscribe(agentId, "/elsewhere");
  const { signing_secret: secret = "" } = await rotate(agentId);
  const example = await startExample("express.mjs", secret);
  try {
    await platform.subscribe([{ event_type: "call_completed", callback_url: example.url }], {
      agentId,
    });
    const event = await platform.publish({ agentId, callId: "c-42" });
    const [attempt] = await platform.attempted(event, 1);
    expect(attempt?.outcome).toEqual({ kind: "delivered", status_code: 200 });
    expect(await example.handled()).toEqual([attempt?.event_id]);
  } finally {
    await example.stop();
  }
});

test.concurrent(
  "while a secret changes both sign, the newer one first; then the old one no more",
  async () => {
    const agentId = await subscribed("/rotated");
    const { signing_secret: old } = await rotate(agentId);
    const { signing_secret: fresh, event_subscriptions } = await rotate(agentId, { overlap: "5s" });
    expect(event_subscriptions[0]?.signing).toMatchObject([
      { scheme: "v1" },
      { scheme: "v1", expires_at: expect.any(String) },
    ]);
    const [during] = (await sentBy(agentId, "/rotated")) as [ReceivedRequest];
    expect(signaturesOf(during)).toHaveLength(2);
    const [newest] = signaturesOf(during);
    verifyV1(old, during);
    const alone = { ...headersOf(during), "webhook-signature": newest ?? "" };
    new Webhook(fresh ?? "").verify(during.body.toString(), alone);
    const after = await eventually(
      async () => {
        const [request] = await sentBy(agentId, "/rotated");
        return request !== undefined && signaturesOf(request).length === 1 ? request : null;
      },
      { timeoutMs: 60_000, intervalMs: 250, what: "the old secret signs no more" },
    );
    expect(() => verifyV1(old, after)).toThrow("No matching signature");
    verifyV1(fresh, after);
    // The next change of the agent drops it.
    const { event_subscriptions: dropped } = await patched(agentId, "edit_event_subscriptions", {
      event_subscriptions: [{ event_type: "call_completed", callback_url: receiver.url("/r") }],
    });
    expect(dropped[0]?.signing).toHaveLength(1);
  },
);

test.concurrent(
  "a list that is read, changed and sent back keeps its secrets, and a new URL is signed with them",
  async () => {
    const agentId = await subscribed("/before");
    const { signing_secret } = await rotate(agentId);
    const { body } = await platform.api("GET", `/agent/v1/${agentId}`);
    const { event_subscriptions: list } = body as SignedAgent;
    const moved = list.map((one) => ({ ...one, callback_url: receiver.url("/after") }));
    const edit = { event_subscriptions: moved, mode: "replace" };
    const answer = await patched(agentId, "edit_event_subscriptions", edit);
    expect(answer.event_subscriptions).toEqual(moved);
    const [request] = (await sentBy(agentId, "/after")) as [ReceivedRequest];
    verifyV1(signing_secret, request);
    const forged = moved.map((one) => ({ ...one, signing: [{ secret: signing_secret }] }));
    const refused = await patch(agentId, "edit_event_subscriptions", {
      event_subscriptions: forged,
    });
    expect(refused.status).toBe(422);
  },
);

test.concurrent(
  "without a secret nothing is signed: never set, removed, or gone with its subscription",
  async () => {
    const agentId = await subscribed("/unsigned");
    const unsigned = async () => {
      const [request] = (await sentBy(agentId, "/unsigned")) as [ReceivedRequest];
      expect(headersOf(request)).toMatchObject({ "webhook-id": expect.any(String) });
      expect(headersOf(request)).not.toHaveProperty("webhook-signature");
    };
    await unsigned();
    await rotate(agentId, { event_types: ["call_completed"] });
    const removed = await patched(agentId, "remove_signing_secret");
    expect(removed.event_subscriptions[0]).not.toHaveProperty("signing");
    expect(await patched(agentId, "remove_signing_secret")).toEqual(removed);
    await unsigned();
    await rotate(agentId);
    await platform.unsubscribe(["call_completed"], { agentId });
    await subscribe(agentId, "/unsigned");
    await unsigned();
  },
);

test.concurrent(
  "a v1a signature verifies with the public key of the answer; a pair may be brought along",
  async () => {
    const agentId = await subscribed("/ed25519");
    const made = await rotate(agentId, { scheme: "v1a" });
    const pair = `whsk_${Buffer.from("TESTSIGNINGKEYDONOTUSETHISFORANY").toString("base64")}`;
    const brought = await rotate(agentId, { signing_secret: pair });
    // Asked for again, as by somebody who had no answer, it changes nothing.
    expect(await rotate(agentId, { signing_secret: pair })).toEqual(brought);
    const [request] = (await sentBy(agentId, "/ed25519")) as [ReceivedRequest];
    const { "webhook-id": id, "webhook-timestamp": timestamp } = headersOf(request);
    const signed = Buffer.concat([Buffer.from(`${id}.${timestamp}.`), request.body]);
    const verified = [brought, made].map(({ signing_public_key = "", signing_secret }, n) => {
      expect(signing_secret).toBeUndefined();
      const x = Buffer.from(signing_public_key.replace("whpk_", ""), "base64").toString(
        "base64url",
      );
      const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
      const [scheme, signature = ""] = signaturesOf(request)[n]?.split(",") ?? [];
      return scheme === "v1a" && verify(null, signed, key, Buffer.from(signature, "base64"));
    });
    expect(verified).toEqual([true, true]);
  },
);

test.concurrent(
  "a secret is for the caller alone: the answer may not be kept on the way",
  async () => {
    const agent_id = await subscribed("/no-store");
    const url = platform.subscriptions.httpUrl("/ca/api/v0/agent/v1");
    const answer = await fetch(url, {
      method: "PATCH",
      headers: { "x-api-key": platform.apiKeys[0] ?? "", "content-type": "application/json" },
      body: JSON.stringify({ operation: "rotate_signing_secret", agent_id }),
    });
    const { signing_secret = "none" } = (await answer.json()) as SignedAgent;
    expect(answer.headers.get("cache-control")).toBe("no-store");
    const { body } = await platform.api("GET", `/agent/v1/${agent_id}`);
    expect(JSON.stringify(body)).not.toContain(signing_secret.slice("whsec_".length));
  },
);

const SHORT = `whsec_${Buffer.alloc(8, 1).toString("base64")}`;
const WRONG_PAIR = `whsk_${Buffer.alloc(64, 1).toString("base64")}`;

test.concurrent.each<[string, object, [number, string, string?]]>([
  ["no event type's name", { event_types: ["X"] }, [422, "validation_failed", "event_types.0"]],
  ["an unknown event type", { event_types: ["x"] }, [404, "subscription_not_found"]],
  ["no event type", { event_types: [] }, [422, "validation_failed", "event_types"]],
  [
    "one twice",
    { event_types: ["call_completed", "call_completed"] },
    [422, "duplicate_event_type", "event_types.1"],
  ],
  [
    "one without a subscription",
    { event_types: ["recording_completed"] },
    [404, "subscription_not_found"],
  ],
  ["another agent", { agent_id: "nobody" }, [404, "agent_not_found"]],
  ["a scheme that is none", { scheme: "v2" }, [422, "validation_failed", "scheme"]],
  ["an overlap that is none", { overlap: "1w" }, [422, "validation_failed", "overlap"]],
  ["an overlap over 7 days", { overlap: "169h" }, [422, "validation_failed", "overlap"]],
  ["a secret too short", { signing_secret: SHORT }, [422, "validation_failed", "signing_secret"]],
  [
    "a key pair that is none",
    { signing_secret: WRONG_PAIR },
    [422, "validation_failed", "signing_secret"],
  ],
  [
    "a secret of another scheme",
    { scheme: "v1a", signing_secret: `whsec_${Buffer.alloc(32, 1).toString("base64")}` },
    [422, "validation_failed", "signing_secret"],
  ],
])("a rotation with %s is refused and changes nothing", async (_what, more, [code, name, path]) => {
  const agentId = await subscribed("/refused");
  const { version } = await patched(agentId, "remove_signing_secret");
  const answer = await patch(agentId, "rotate_signing_secret", more);
  const { body: said } = problem(code, name);
  const errors = path === undefined ? {} : { errors: [{ path }] };
  expect(answer).toMatchObject({ status: code, body: { ...said, ...errors } });
  expect(JSON.stringify(answer)).not.toContain("AQEBAQEB");
  const { body } = await platform.api("GET", `/agent/v1/${agentId}`);
  expect(body).toMatchObject({ version });
});

test.concurrent(
  "a fifth secret is refused while four sign, but for one that ends them at once",
  async () => {
    const agentId = await subscribed("/many");
    for (let n = 0; n < 4; n += 1) await rotate(agentId);
    const fifth = await patch(agentId, "rotate_signing_secret");
    expect(fifth).toMatchObject({ status: 409, body: { code: "too_many_signing_secrets" } });
    const { event_subscriptions } = await rotate(agentId, { overlap: "0s" });
    expect(event_subscriptions[0]?.signing).toHaveLength(1);
  },
);

test("a subscription that is added to an agent that signs is signed with the same secret, also while an older one signs on", async () => {
  const agentId = await subscribed("/signed-first");
  const older = await rotate(agentId);
  const newer = await rotate(agentId, { overlap: "1h" });
  const edit = {
    event_subscriptions: [
      { event_type: "recording_completed", callback_url: receiver.url("/signed-later") },
    ],
  };
  const added = await patched(agentId, "edit_event_subscriptions", edit);
  expect(added).not.toHaveProperty("warnings");
  await platform.publish({ agentId, callId: "added-later", eventType: "recording_completed" });
  const [request] = await receiver.received(1, { path: "/signed-later" });
  for (const { signing_secret } of [older, newer]) {
    expect(verifyV1(signing_secret, request!)).toBeTruthy();
  }
  await patched(agentId, "remove_signing_secret", { event_types: ["call_completed"] });
  const third = [{ event_type: "client_analysis_completed", callback_url: receiver.url("/third") }];
  expect(
    await patched(agentId, "edit_event_subscriptions", { event_subscriptions: third }),
  ).toMatchObject({ warnings: [{ path: "event_subscriptions.0.event_type" }] });
});

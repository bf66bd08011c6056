import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../../harness/eventually.ts";
import { headerKey, writeHeaderKeys } from "../../harness/header-keys.ts";
import { failOnLeaks } from "../../harness/process/leaks.ts";
import { type Platform, startPlatform } from "../../harness/process/platform.ts";
import { type Receiver, startReceiver } from "../../harness/receiver/receiver.ts";
import { type ServiceProcess, spawnService } from "../../harness/process/service-process.ts";
import { messagesIn } from "./stored-messages.ts";

failOnLeaks();

const OLD = headerKey("old");
const NEW = headerKey("new");
const AGENTS = 300;

let platform: Platform;
let receiver: Receiver;
let file: string;
beforeAll(async () => {
  file = await writeHeaderKeys([OLD]);
  receiver = await startReceiver();
  platform = await startPlatform({
    env: { HEADER_ENCRYPTION_KEYS_FILE: file, RETRY_DELAYS: "1s,1s,1s" },
  });
});
afterAll(async () => {
  await platform.stop();
  await receiver.stop();
});

const valueOf = (n: number, round = 0): string => `Bearer s3cret-${n}-${round}`;
const set = (n: number, round = 0) =>
  platform.subscribe(
    [
      {
        event_type: "call_completed",
        callback_url: receiver.url(`/agent-${n}?token=s3cret-${n}`),
        headers: { Authorization: valueOf(n, round) },
      },
    ],
    { agentId: `agent-${n}` },
  );

/** Puts other keys into the file and waits until both services have read them. */
const useKeys = async (...keys: (typeof OLD)[]): Promise<void> => {
  const services = [platform.subscriptions, ...platform.dispatchers];
  const seen = services.map(({ logs }) => logs.length);
  await writeHeaderKeys(keys, file);
  await Promise.all(
    services.map((service, n) => service.waitForLog("header_keys.loaded", { from: seen[n] ?? 0 })),
  );
};

const reencrypt = async (): Promise<ServiceProcess> => {
  const run = await spawnService({
    entry: "services/subscriptions/src/reencrypt/main.ts",
    env: { NATS_URL: platform.server.url, HEADER_ENCRYPTION_KEYS_FILE: file },
  });
  await run.exited;
  return run;
};
const countsOf = (run: ServiceProcess) =>
  run.logs.find(({ msg }) => String(msg).startsWith("reencrypt."));

/** The last message of each agent. */
const current = async (): Promise<Map<string, string>> =>
  new Map(
    (await messagesIn(platform.client, "SUBSCRIPTIONS")).map(({ subject, text }) => [
      subject,
      text,
    ]),
  );

const delivered = async (n: number, callId: string): Promise<string | undefined> => {
  const event = await platform.publish({ callId, agentId: `agent-${n}` });
  const records = await platform.attempted(event, 1, 20_000);
  expect(records).toMatchObject([{ attempt: 1, outcome: { kind: "delivered" } }]);
  const got = receiver.requests.findLast(({ path }) => path === `/agent-${n}?token=s3cret-${n}`);
  return String(got?.headers["authorization"]);
};

test("keys are changed while customers change subscriptions and events are delivered", async () => {
  for (let n = 0; n < AGENTS; n += 20) {
    await Promise.all(Array.from({ length: 20 }, (_, i) => set(n + i)));
  }
  const rotate = { operation: "rotate_signing_secret", agent_id: "agent-299" };
  const { body } = await platform.api("PATCH", "/agent/v1", rotate);
  const { signing_secret } = body as { signing_secret: string };
  await useKeys(OLD, NEW);
  await useKeys(NEW, OLD);
  // A key that only opens still does.
  expect(await delivered(7, "c1")).toBe(valueOf(7));

  const stop = new AbortController();
  const written = new Map<number, number>();
  const customers = (async () => {
    for (let round = 1; !stop.signal.aborted; round += 1) {
      const n = (round * 7) % 40;
      await set(n, round);
      written.set(n, round);
    }
  })();
  const first = await reencrypt();
  stop.abort();
  await customers;
  expect(first.output.all()).not.toMatch(/s3cret/);
  expect(await first.exited).toEqual({ code: 0, signal: null });
  expect(countsOf(first)).toMatchObject({ msg: "reencrypt.done", unreadable: 0, contended: 0 });
  expect(Number(countsOf(first)?.["rewritten"])).toBeGreaterThan(AGENTS - 60);

  for (const text of (await current()).values()) {
    expect(text).toMatch(/enc:v1:new:/);
    expect(text.slice(text.indexOf('"agent":'))).not.toMatch(/enc:v1:old:|s3cret/);
  }
  // Once more: nothing is left to do, and nothing is appended.
  const before = await current();
  expect(countsOf(await reencrypt())).toMatchObject({ current: AGENTS, rewritten: 0 });
  expect(await current()).toEqual(before);

  await useKeys(NEW);
  expect(await delivered(299, "c2")).toBe(valueOf(299));
  const signed = receiver.requests.at(-1);
  const headers = signed?.headers as Record<string, string>;
  expect(new Webhook(signing_secret).verify(signed?.body.toString() ?? "", headers)).toBeTruthy();
  const last = Math.max(...written.keys());
  expect(await delivered(last, "c3")).toBe(valueOf(last, written.get(last)));
}, 180_000);

test("a re-encryption is in the agent's history, and its owner sees no change", async () => {
  await useKeys(OLD, NEW);
  await set(1_000);
  const { body: before } = await platform.api("GET", "/agent/v1/agent-1000");
  await useKeys(NEW, OLD);
  await reencrypt();
  const text = (await current()).get("subscriptions.w1.agent-1000") ?? "";
  const { type, actor, version, change } = JSON.parse(text.slice(text.indexOf("{"))) as Record<
    string,
    unknown
  >;
  expect({ type, actor, version, change }).toEqual({
    type: "secrets_reencrypted",
    actor: "reencrypt",
    version: 3,
    change: {},
  });
  const { body: after } = await platform.api("GET", "/agent/v1/agent-1000");
  expect(after).toEqual({ ...(before as object), version: 3 });
});

test("an expired signing key whose own key is gone does not keep its agent from being re-encrypted", async () => {
  const at = "2026-01-01T00:00:00.000Z";
  const expired = {
    id: "k1",
    scheme: "v1",
    secret: `enc:v1:gone:${"A".repeat(40)}`,
    created_at: at,
    expires_at: at,
  };
  const one = {
    event_type: "call_completed",
    callback_url: receiver.url("/agent-1001"),
    headers: { Authorization: "s3cret" },
    method_type: "POST",
    signing: [expired],
  };
  const event = { type: "x", occurred_at: at, version: 1, agent: { event_subscriptions: [one] } };
  await platform.client.js.publish("subscriptions.w1.agent-1001", JSON.stringify(event));
  expect(countsOf(await reencrypt())).toMatchObject({ msg: "reencrypt.done", unreadable: 0 });
  const text = (await current()).get("subscriptions.w1.agent-1001") ?? "";
  expect(text).toContain('"Authorization":"enc:v1:');
  expect(text).not.toMatch(/enc:v1:gone:|s3cret/);
});

test("without its key a delivery waits, uses up no attempt, and is made when the key is back", async () => {
  await useKeys(OLD, NEW);
  await set(2_000);
  await useKeys(NEW);
  const [dispatcher] = platform.dispatchers;
  const event = await platform.publish({ callId: "c9", agentId: "agent-2000" });
  const held = await dispatcher?.waitForLog("delivery.held_back");
  expect(held).toMatchObject({ level: "error", fault: "secret", agent_id: "agent-2000" });
  expect(String(held?.["detail"])).toContain("needs the key 'old', which is not there");
  expect(await platform.attemptsOf(event)).toEqual([]);
  await eventually(async () => {
    const page = await dispatcher?.metrics();
    expect(page?.value("ringback_own_faults_total", { fault: "secret" })).toBeGreaterThan(0);
  });
  // A run without the key says so, names the agent and leaves it as it is.
  const run = await reencrypt();
  expect(await run.exited).toMatchObject({ code: 1 });
  expect(countsOf(run)).toMatchObject({ msg: "reencrypt.unreadable", agent_id: "agent-2000" });
  await useKeys(NEW, OLD);
  const records = await platform.attempted(event, 1, 30_000);
  expect(records).toMatchObject([{ attempt: 1, outcome: { kind: "delivered" } }]);
}, 180_000);

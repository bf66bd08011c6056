import { afterAll, beforeAll, expect, test } from "vitest";
import { Webhook } from "standardwebhooks";
import { byPath, status } from "../harness/receiver/behaviour.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { startPlatform, type Platform } from "../harness/process/platform.ts";
import { startReceiver, type Receiver } from "../harness/receiver/receiver.ts";
import { editOf } from "../harness/api-client.ts";
import { startOn } from "../harness/process/start-service.ts";
import { startRingback, type Ringback } from "./run-ringback.ts";

failOnLeaks();

let platform: Platform;
let developer: Receiver;

beforeAll(async () => {
  [platform, developer] = await Promise.all([
    startPlatform(),
    startReceiver(byPath({ "/broken": status(500) })),
  ]);
});
afterAll(async () => {
  await Promise.all([platform.stop(), developer.stop()]);
});

const env = (workspace = 0) => ({
  RINGBACK_API_URL: platform.subscriptions.httpUrl(),
  RINGBACK_API_KEY: platform.apiKeys[workspace] ?? "",
});

const listening = async (args: readonly string[], workspace = 0): Promise<Ringback> => {
  const run = startRingback(["listen", ...args], env(workspace));
  await run.prints(/Listening: |"kind":"listening"/);
  return run;
};

test("events come to the developer's machine byte for byte, with headers and signature as delivered", async () => {
  const run = await listening([developer.url("/hook")]);
  const secret = /Signing secret: (whsec_\S+)/.exec(run.stderr())?.[1] ?? "";
  const body = '{ "call_id":"c1", "event_type": "call_completed", "n": 9007199254740993 }';
  const { seq } = await platform.publish({ callId: "c1", body });
  const [request] = await developer.received(1, { path: "/hook" });
  expect(request).toMatchObject({ method: "POST" });
  expect(request?.body.toString()).toBe(body);
  expect(request?.headers).toMatchObject({
    "content-type": "application/json",
    "webhook-id": expect.stringMatching(new RegExp(`^evt_[0-9a-z]+_${seq}$`)),
    "ringback-event-type": "call_completed",
    "ringback-attempt": "1",
    "user-agent": expect.stringMatching(/^Ringback\/\d/),
  });
  const headers = request?.headers as Record<string, string>;
  expect(new Webhook(secret).verify(body, headers)).toMatchObject({ call_id: "c1" });
  await run.prints(/call_completed a1 evt_\S+ → 200 in \d+ ms/);
  expect(await run.interrupt()).toBe(0);
  expect(run.stdout().split("\n")).toHaveLength(2); // the one line, and nothing behind it
});

test("only what is asked for comes, of the key's own workspace, as JSON lines where those are wanted", async () => {
  const secret = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
  const narrow = ["--agent", "a2", "--type", "recording_completed", "--secret", secret];
  const run = await listening([developer.url("/narrow"), "--json", ...narrow]);
  await platform.publish({ callId: "n1", agentId: "a1", eventType: "recording_completed" });
  await platform.publish({ callId: "n2", agentId: "a2", eventType: "call_completed" });
  const elsewhere = { workspaceId: "w2", agentId: "a2", eventType: "recording_completed" } as const;
  await platform.publish({ callId: "n3", ...elsewhere });
  await platform.publish({ callId: "n4", agentId: "a2", eventType: "recording_completed" });
  await run.prints('"call_id":"n4"');
  expect(run.json()).toMatchObject([
    { kind: "listening", url: developer.url("/narrow"), signing_secret: secret },
    { kind: "forwarded", call_id: "n4", agent_id: "a2", status: 200 },
  ]);
  await run.interrupt();
});

test("headers of one's own take the place of the subscription's, and bodies are printed on request", async () => {
  await platform.subscribe([
    {
      event_type: "call_completed",
      callback_url: "http://127.0.0.1:1/",
      method_type: "PATCH",
      headers: { "X-Team": "north", "X-Keep": "1" },
    },
  ]);
  const own = ["--header", "x-team: south", "--header", "X-Debug: 1"];
  const run = await listening([developer.url("/own"), "--print", ...own]);
  const body = '{"event_type":"call_completed","call_id":"h1","n":9007199254740993}';
  await platform.publish({ callId: "h1", body });
  const [request] = await developer.received(1, { path: "/own" });
  expect(request?.method).toBe("PATCH");
  expect(request?.headers).toMatchObject({ "x-team": "south", "x-keep": "1", "x-debug": "1" });
  await run.prints("→ 200 in");
  await run.prints('\n  "n": 9007199254740993\n}\n');
  await run.interrupt();
  const seen = await listening(["--print", "--json"]);
  await platform.publish({ callId: "h2" });
  await seen.prints('"call_id":"h2"');
  const event = { kind: "event", payload: { call_id: "h2", event_type: "call_completed" } };
  expect(seen.json()).toMatchObject([{ kind: "listening" }, event]);
  await seen.interrupt();
});

test("what the developer's machine does with one event does not keep the next from coming", async () => {
  const run = await listening([developer.url("/broken"), "--json"]);
  await platform.publish({ callId: "b1" });
  await run.prints('"status":500');
  await run.interrupt();
  const nobody = await listening(["http://127.0.0.1:1/hook", "--json"]);
  await platform.publish({ callId: "b2" });
  await platform.publish({ callId: "b3" });
  await nobody.prints('"call_id":"b3"');
  const told = nobody.json().slice(1);
  expect(told.map((one) => [one["call_id"], typeof one["reason"]])).toEqual([
    ["b2", "string"],
    ["b3", "string"],
  ]);
  await nobody.interrupt();
});

test("after a break it goes on where it was: what was published meanwhile comes, too", async () => {
  const first = await startOn(platform.server, {
    env: { HEADER_ENCRYPTION_KEYS_FILE: platform.headerKeysFile },
  });
  const { keysFile, service } = first;
  const url = service.httpUrl();
  const run = startRingback(["listen", developer.url("/again"), "--json"], {
    RINGBACK_API_URL: url,
    RINGBACK_API_KEY: keysFile.keys[2] ?? "",
  });
  await run.prints('"kind":"listening"');
  const headers = { Authorization: "Bearer crm-token" };
  const edit = editOf("a1", "https://crm.example.com/calls", "call_completed");
  const [subscription] = edit.event_subscriptions;
  await first.admin.post({ agent_id: "a1", agent_display_name: "a1" });
  const patched = await first.writer.patch({
    ...edit,
    event_subscriptions: [{ ...subscription, headers }],
  });
  expect(patched).toMatchObject({ status: 200 });
  await platform.publish({ callId: "r1", workspaceId: "acme" });
  await run.prints('"call_id":"r1"');
  await run.prints(
    /Headers of a1 are left out \(Authorization\): this key may not read their values/,
  );
  await service.stop();
  await run.prints("The connection is lost");
  await platform.publish({ callId: "r2", workspaceId: "acme" });
  const samePort = { HTTP_PORT: new URL(url).port };
  const again = await startOn(platform.server, {
    keysFile,
    env: { ...samePort, HEADER_ENCRYPTION_KEYS_FILE: platform.headerKeysFile },
  });
  await run.prints('"call_id":"r2"');
  const bodies = developer.requestsTo("/again").map(({ body }) => JSON.parse(body.toString()));
  expect(bodies).toMatchObject([{ call_id: "r1" }, { call_id: "r2" }]);
  await run.interrupt();
  await again.service.stop();
});

test("a key that is none ends it at once", async () => {
  const wrong = { ...env(), RINGBACK_API_KEY: "rb_no_such" };
  const run = startRingback(["listen", developer.url("/x")], wrong);
  expect(await run.exitCode).toBe(1);
  expect(run.stderr()).toContain("Send a valid key");
});

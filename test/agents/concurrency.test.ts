import { afterAll, beforeAll, expect, test } from "vitest";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { type NatsServer, startNatsServer } from "../harness/nats/nats-server.ts";
import { type Answer, problem } from "../harness/api-client.ts";
import { type StartedService, startOn } from "../harness/process/start-service.ts";

failOnLeaks();

let server: NatsServer;
let instances: StartedService[];
beforeAll(async () => {
  server = await startNatsServer();
  const first = await startOn(server);
  instances = [first, await startOn(server, { keysFile: first.keysFile })];
});
afterAll(async () => {
  await Promise.all(instances.map(({ service }) => service.stop()));
  await server.stop();
});

const AT_ONCE = 50;
const TYPES = ["call_completed", "recording_completed", "platform_analysis_completed"] as const;
const versionOf = ({ body }: Answer) => Number(body?.["version"]);

/** What the answers with 200 say happened, in the order of their versions. */
const expectExplained = async (agentId: string, answers: readonly Answer[], sent: unknown[]) => {
  const refused = answers.filter(({ status }) => status !== 200);
  expect(refused).toMatchObject(refused.map(() => problem(409, "conflict")));
  const done = answers
    .map((answer, n) => ({ answer, sent: sent[n] }))
    .filter(({ answer }) => answer.status === 200)
    .toSorted((a, b) => versionOf(a.answer) - versionOf(b.answer));
  // Every change has a version of its own: none was decided over a state that was gone.
  expect(done.map(({ answer }) => versionOf(answer))).toEqual(done.map((_, n) => n + 2));
  const expected = new Map<string, string>();
  for (const one of done) {
    const { event_type, callback_url } = one.sent as { event_type: string; callback_url: string };
    expected.set(event_type, callback_url);
  }
  const { body } = await instances[0]!.reader.get(`/agent/v1/${agentId}`);
  const found = body?.["event_subscriptions"] as { event_type: string; callback_url: string }[];
  expect(new Map(found.map((s) => [s.event_type, s.callback_url]))).toEqual(expected);
  expect(body?.["version"]).toBe(done.length + 1);
  return done.length;
};

const patchAtOnce = async (agent_id: string, pick: (n: number) => StartedService) => {
  await instances[0]!.admin.post({ agent_id, agent_display_name: agent_id });
  const sent = Array.from({ length: AT_ONCE }, (_, n) => ({
    event_type: TYPES[n % TYPES.length],
    callback_url: `https://a.example.com/${n}`,
  }));
  const operation = "edit_event_subscriptions";
  const answers = await Promise.all(
    sent.map((one, n) => pick(n).writer.patch({ operation, agent_id, event_subscriptions: [one] })),
  );
  return expectExplained(agent_id, answers, sent);
};

test("50 PATCHes of one agent at once are each done or refused, and none is lost", async () => {
  const done = await patchAtOnce("one-instance", () => instances[0]!);
  expect(done).toBeGreaterThan(AT_ONCE / 2);
  const metrics = await instances[0]!.service.metrics();
  expect(metrics.value("ringback_config_conflicts_total")).toBeGreaterThan(0);
});

test("the same over two instances", async () => {
  const done = await patchAtOnce("two-instances", (n) => instances[n % 2]!);
  expect(done).toBeGreaterThan(AT_ONCE / 2);
});

test("50 registrations of one agent at once make one agent", async () => {
  const agent = { agent_id: "registered-once", agent_display_name: "Once" };
  const answers = await Promise.all(
    Array.from({ length: AT_ONCE }, (_, n) => instances[n % 2]!.admin.post(agent)),
  );
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(AT_ONCE - 1);
});

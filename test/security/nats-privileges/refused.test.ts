import { jetstream, jetstreamManager, type JetStreamManager } from "@nats-io/jetstream";
import { headers, type NatsConnection } from "@nats-io/transport-node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { failOnLeaks } from "../../harness/process/leaks.ts";
import { startService } from "../../harness/process/service-process.ts";
import { isSubscriptionRefused, outcomeOf, settledOn } from "./refusal.ts";
import { type Role, ROLES, type SecuredNats, startSecuredNats, STREAMS } from "./secured-nats.ts";

failOnLeaks();

let nats: SecuredNats;
let state: JetStreamManager;
const as = {} as Record<Role, NatsConnection>;

beforeAll(async () => {
  nats = await startSecuredNats();
  // Makes the streams and consumers, so that what is refused is refused though it exists.
  const dispatcher = await startService({
    entry: "services/dispatcher/src/main.ts",
    env: nats.env("dispatcher"),
  });
  await dispatcher.stop();
  for (const role of ROLES) as[role] = await nats.connectAs(role);
  state = await jetstreamManager(as.monitor, { apiPrefix: "ringback.API", checkAPI: false });
});
afterAll(async () => {
  await Promise.all(Object.values(as).map((connection) => connection.close()));
  await nats.stop();
});

const lastSequences = async (): Promise<Record<string, number>> => {
  const streams = await state.streams.list().next();
  return Object.fromEntries(streams.map(({ config, state: now }) => [config.name, now.last_seq]));
};

const EVENT = "events.w1.c1.a1.call_completed";

/** Everything by which a stream could be read, written, changed or emptied. */
const reading = STREAMS.flatMap((stream) => [
  `$JS.API.STREAM.MSG.GET.${stream}`,
  `$JS.API.DIRECT.GET.${stream}`,
  `$JS.API.DIRECT.GET.${stream}.>`,
  `$JS.API.CONSUMER.CREATE.${stream}`,
  `$JS.API.CONSUMER.CREATE.${stream}.mine`,
  `$JS.API.CONSUMER.DURABLE.CREATE.${stream}.mine`,
  `$JS.API.CONSUMER.MSG.NEXT.${stream}.dispatcher`,
  `$JS.API.STREAM.SNAPSHOT.${stream}`,
]);
const changing = STREAMS.flatMap((stream) => [
  `$JS.API.STREAM.CREATE.${stream}`,
  `$JS.API.STREAM.UPDATE.${stream}`,
  `$JS.API.STREAM.DELETE.${stream}`,
  `$JS.API.STREAM.PURGE.${stream}`,
  `$JS.API.STREAM.MSG.DELETE.${stream}`,
  `$JS.API.CONSUMER.DELETE.${stream}.dispatcher`,
  `$JS.API.CONSUMER.PAUSE.${stream}.dispatcher`,
  `$JS.ACK.${stream}.dispatcher.1.1.1.1.0`,
]);
const writing = {
  subscriptions: "subscriptions.w1.a1",
  events: EVENT,
  scheduled: "retries.scheduled.w1.a1.1",
  due: "retries.due.w1.a1.1",
  dueOfAgent: "retries.due.w1.a1",
  attempts: "attempts.w1.c1.a1.call_completed.1",
  dead: "dead_letters.w1.c1.a1.call_completed",
  requests: "requests.w1.1",
  lease: "leases.overdue_watch",
  told: "events.w1.c1._workspace.delivery_exhausted",
  operation: "operations.w1.endpoint.failing",
  redeliveries: "redeliveries.w1.1",
  access: "access.w1.key.1",
  audit: "audit.w1.change",
};
const without = (...names: (keyof typeof writing)[]): string[] =>
  Object.entries(writing)
    .filter(([name]) => !names.includes(name as keyof typeof writing))
    .map(([, subject]) => subject);
const foreign = ["$SYS.REQ.SERVER.PING", "$JS.API.INFO", "$JS.API.STREAM.CREATE.MINE", "anything"];

/** What a role may do among those; all else has to be refused. */
const cases: readonly [Role, readonly string[]][] = [
  ["producer", [...without("events"), ...reading, ...changing, ...foreign]],
  ["monitor", [...without(), ...reading, ...changing, ...foreign]],
  [
    "backup",
    [
      ...without(),
      ...reading.filter((subject) => !subject.includes("STREAM.SNAPSHOT")),
      ...changing,
      ...STREAMS.map((stream) => `$JS.API.STREAM.RESTORE.${stream}`),
      ...foreign,
    ],
  ],
  [
    "subscriptions",
    [
      ...without(
        "subscriptions",
        "requests",
        "events",
        "due",
        "dueOfAgent",
        "redeliveries",
        "access",
        "audit",
        "told",
      ),
      "$JS.API.CONSUMER.CREATE.EVENTS.dispatcher.events.>",
      ...[...reading, ...changing].filter(
        (subject) =>
          !/(MSG\.NEXT|CONSUMER\.DELETE)\.(SUBSCRIPTIONS|REDELIVERIES|ACCESS)|STREAM\.MSG\.GET\.(?!DEAD_LETTERS|OPERATIONS|AUDIT)/.test(
            subject,
          ) &&
          // Of EVENTS it may have a consumer of its own, and not the dispatcher's.
          !/(MSG\.NEXT|CONSUMER\.DELETE)\.(ATTEMPTS|DEAD_LETTERS)/.test(subject) &&
          !/DIRECT\.GET\.(SUBSCRIPTIONS|EVENTS|ATTEMPTS|DEAD_LETTERS|RETRIES|AUDIT)$/.test(subject),
      ),
      ...foreign,
    ],
  ],
  [
    "dispatcher",
    [
      ...without("scheduled", "due", "attempts", "dead", "lease", "told", "operation"),
      ...reading.filter(
        (subject) =>
          !/STREAM\.MSG\.GET\.(?!REQUESTS|REDELIVERIES|ACCESS|OPERATIONS|AUDIT)|MSG\.NEXT\.([SE]|RETRIES)|DIRECT\.GET\.(RETRIES|ATTEMPTS|OPERATIONS)$/.test(
            subject,
          ),
      ),
      ...changing.filter(
        (subject) =>
          !/STREAM\.(CREATE|UPDATE)|ACK\.(EVENTS|RETRIES)|CONSUMER\.DELETE\.SUB/.test(subject),
      ),
      ...foreign,
    ],
  ],
];

describe.each(cases)("%s", (role, subjects) => {
  test(`is refused all ${subjects.length} subjects that are not its work`, async () => {
    const before = await lastSequences();
    const allowed: string[] = [];
    for (const subject of subjects) {
      if ((await outcomeOf(as[role], subject)) !== "refused") allowed.push(subject);
    }
    expect(allowed).toEqual([]);
    expect(await lastSequences()).toEqual(before);
  });

  test("hears nothing: neither what is stored, nor what others are answered", async () => {
    const others = ROLES.filter((other) => other !== role).map((other) => `_INBOX_${other}.>`);
    const wanted = [">", "_INBOX.>", ...others, "$JS.>", "$SYS.>", "events.>", "subscriptions.>"];
    const heard: string[] = [];
    for (const subject of wanted) {
      if (!(await isSubscriptionRefused(as[role], subject))) heard.push(subject);
    }
    expect(heard).toEqual([]);
  });
});

test("a producer publishes events, and nothing that an event's headers could do", async () => {
  const js = jetstream(as.producer);
  const ack = await js.publish(EVENT, "{}", { msgID: "one" });
  expect(ack).toMatchObject({ stream: "EVENTS", duplicate: false });
  expect(await js.publish(EVENT, "{}", { msgID: "one" })).toMatchObject({ duplicate: true });
  const target = ["Nats-Schedule-Target", "retries.due.w1.a1"] as const;
  for (const [lines, refusal] of [
    [[["Nats-Rollup", "all"]], "rollup not permitted"],
    [[["Nats-Schedule", "@at 2030-01-01T00:00:00Z"], target], "message schedules is disabled"],
    [[["Nats-TTL", "1s"]], "per-message TTL is disabled"],
  ] as const) {
    const given = headers();
    for (const [name, value] of lines) given.set(name, value);
    await expect(js.publish(EVENT, "{}", { headers: given })).rejects.toThrow(refusal);
  }
});

test("the server's answer to an event goes nowhere but to the producer", async () => {
  const before = await lastSequences();
  const targets = [...without("events"), "$JS.API.STREAM.PURGE.EVENTS"];
  for (const reply of targets) as.producer.publish(EVENT, "{}", { reply });
  const stored = (before["EVENTS"] ?? 0) + targets.length;
  await settledOn(as.producer, async () => (await lastSequences())["EVENTS"] === stored);
  // A later answer that has come back: those before it have been through, too.
  await jetstream(as.producer).publish(EVENT, "{}");
  expect(await lastSequences()).toEqual({ ...before, EVENTS: stored + 1 });
});

test("a monitor cannot list the ids that are in a stream's subjects", async () => {
  await jetstream(as.producer).publish("events.w9.c9.a9.call_completed", "{}");
  const asked = state.streams.info("EVENTS", { subjects_filter: ">" });
  await expect(asked).rejects.toThrow(/permission/i);
  const seen = JSON.stringify(await state.streams.list().next());
  expect(seen).not.toMatch(/w9|c9|a9/);
});

test("what a monitor asks is answered nowhere but to the monitor", async () => {
  const before = await lastSequences();
  for (const reply of Object.values(writing)) {
    as.monitor.publish("ringback.API.STREAM.LIST", "", { reply });
  }
  await as.monitor.flush();
  await state.streams.list().next();
  expect(await lastSequences()).toEqual(before);
});

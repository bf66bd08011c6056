import { afterAll, beforeAll, expect, test } from "vitest";
import { byPath, inTurn, status } from "../harness/receiver/behaviour.ts";
import { eventually } from "../harness/eventually.ts";
import { startNatsServer, type NatsServer } from "../harness/nats/nats-server.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import type { LogLine } from "../harness/process/output-lines.ts";
import { type Platform, startPlatform } from "../harness/process/platform.ts";
import { type Receiver, startReceiver } from "../harness/receiver/receiver.ts";
import { type ServiceProcess, spawnService } from "../harness/process/service-process.ts";
import { makeTempDir } from "../harness/temp-dir.ts";
import { problemsOf, notSaid } from "./judge-lines.ts";
import {
  fillEvents,
  logged,
  loseRetry,
  publish,
  publishGarbage,
  publishKillers,
  publishUnreadableEvent,
  publishUnreadableRetry,
  TRACE_ID,
} from "./real-run.ts";

failOnLeaks();

const POD = "pod-7";
/** What the run makes: what is judged below is not judged in vain. */
const DISPATCHER_LINES = [
  "listening",
  "delivery.attempted",
  "delivery.dead_lettered",
  "delivery.set_aside",
  "delivery.unexpected_error",
  "retry.unreadable",
  "retries.republished",
  "subscriptions.unreadable",
  "workspace.not_told",
];
const API_LINES = [
  "http.request",
  "redelivery.taken",
  "redelivery.left",
  "agent_index.invalid_message",
  "access_index.invalid_message",
  "job_index.invalid_message",
  "projection.unreadable_message",
];

let platform: Platform;
let receiver: Receiver;
let other: NatsServer;
const services: ServiceProcess[] = [];

beforeAll(async () => {
  other = await startNatsServer();
  receiver = await startReceiver(
    byPath({ "/right": status(200), "/lost": inTurn(status(500), status(200)), "/": status(500) }),
  );
  platform = await startPlatform({
    env: { POD_NAME: POD },
    dispatcherEntry: "test/repair/watchful-dispatcher.ts",
    dispatcherEnv: { RETRY_DELAYS: "1s", RETRY_JITTER: "0" },
  });
  services.push(platform.subscriptions, ...platform.dispatchers);
  for (const [agentId, path] of Object.entries({ right: "/right", lost: "/lost", wrong: "/" })) {
    await platform.subscribe([{ event_type: "call_completed", callback_url: receiver.url(path) }], {
      agentId,
    });
  }
  await platform.subscribe(
    [{ event_type: "delivery_exhausted", callback_url: receiver.url("/right") }],
    { agentId: "_workspace" },
  );
});

afterAll(() => Promise.all([platform.stop(), receiver.stop(), other.stop()]));

/** A job of an operator, run to its end. */
const run = async (entry: string, env: Readonly<Record<string, string>>): Promise<void> => {
  const job = await spawnService({
    entry: `services/subscriptions/src/${entry}`,
    env: { POD_NAME: POD, HEADER_ENCRYPTION_KEYS_FILE: platform.headerKeysFile, ...env },
  });
  services.push(job);
  const { code } = await job.exited;
  if (code !== 0) throw new Error(`${entry} ended with ${code}\n${job.output.all()}`);
};

/** Deliveries that succeed and fail, and what goes wrong with them. */
const deliver = async (): Promise<void> => {
  await publish(platform, "right");
  await publish(platform, "right", "of_no_catalogue");
  await loseRetry(platform, "lost", await publish(platform, "lost"));
  const { dispatchers } = platform;
  await logged(dispatchers, "retries.republished");
  await publishUnreadableRetry(platform);
  await logged(dispatchers, "retry.unreadable");
  await publishUnreadableEvent(platform);
  const failing = await publish(platform, "wrong");
  await eventually(
    async () =>
      (await platform.deadLetters()).find(({ event_seq }) => event_seq === failing) ?? null,
    { what: "it is given up" },
  );
  const since = new Date(Date.now() - 60_000).toISOString();
  const body = { since, status: "dead_lettered", rate_per_second: 10 };
  const { status: answered } = await platform.api("POST", "/redeliveries", body);
  expect(answered).toBe(202);
  await logged([platform.subscriptions], "redelivery.left");
};

const isAbout =
  (seq: number) =>
  ({ event_seq }: LogLine): boolean =>
    event_seq === seq;

/** What stops a dispatcher, and what only the next one finds. */
const restart = async (): Promise<void> => {
  await platform.dispatchers[0]?.stop();
  await publishKillers(platform);
  const next = await platform.startDispatcher();
  platform.dispatchers[0] = next;
  services.push(next);
  for (const stream of ["events.", "retries."]) {
    await logged([next], "delivery.set_aside", (line) =>
      String(line["subject"]).startsWith(stream),
    );
  }
};

test("every line of a real run names its version and pod, the workspace of its ids, and the trace of its message", async () => {
  const backups = await makeTempDir("backups");
  await deliver();
  await restart();
  await run("backup/main.ts", { NATS_URL: platform.server.url, BACKUP_DIR: backups });
  await run("reencrypt/main.ts", { NATS_URL: platform.server.url });
  await run("backup/restore-main.ts", { NATS_URL: other.url, BACKUP_DIR: backups });
  const attempted = await publish(platform, "wrong");
  await logged(platform.dispatchers, "delivery.attempted", isAbout(attempted));
  await publishGarbage(platform, attempted);
  await logged(platform.dispatchers, "subscriptions.unreadable");
  await logged(platform.dispatchers, "delivery.unexpected_error");
  await logged([platform.subscriptions], "projection.unreadable_message");
  const last = await publish(platform, "wrong");
  await logged(platform.dispatchers, "delivery.attempted", isAbout(last));
  await fillEvents(platform);
  await logged(platform.dispatchers, "workspace.not_told");
  await platform.stop();

  const lines = services.flatMap(({ logs }) => logs);
  const messages = (service: string) =>
    new Set(lines.filter((line) => line["service"] === service).map(({ msg }) => msg));
  expect(DISPATCHER_LINES.filter((msg) => !messages("dispatcher").has(msg))).toEqual([]);
  expect(API_LINES.filter((msg) => !messages("subscriptions").has(msg))).toEqual([]);
  expect(new Set(lines.map(({ service }) => service))).toEqual(
    new Set(["dispatcher", "subscriptions", "backup", "reencrypt", "restore"]),
  );
  expect(new Set(lines.flatMap((line) => problemsOf(line, POD)))).toEqual(new Set());
  expect(new Set(lines.flatMap(notSaid))).toEqual(new Set());
  const traces = lines.flatMap(({ trace_id }) => (trace_id === undefined ? [] : [trace_id]));
  expect(traces).toContain(TRACE_ID);
}, 120_000);

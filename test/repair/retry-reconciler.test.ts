import { headers } from "@nats-io/transport-node";
import type { EventAddress } from "@ringback/contracts/events/event";
import { readRetry, retryHeaders } from "@ringback/contracts/deliveries/retry-message";
import { dueRetrySubject, scheduledRetrySubject } from "@ringback/contracts/streams/retry-subjects";
import { afterAll, beforeAll, expect, test } from "vitest";
import { byPath, inTurn, status } from "../harness/receiver/behaviour.ts";
import { eventually } from "../harness/eventually.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { type Platform, startPlatform } from "../harness/process/platform.ts";
import { type Receiver, startReceiver } from "../harness/receiver/receiver.ts";
import type { ServiceProcess } from "../harness/process/service-process.ts";

failOnLeaks();

const AGENTS = ["stuck", "missing", "slow", "deferred", "again", "expired"];
const OVERDUE = "ringback_retry_overdue_seconds";
const GIVEN_UP = "ringback_dead_letters_total";
const REPUBLISHED = "ringback_retries_republished_total";

let platform: Platform;
let receiver: Receiver;

beforeAll(async () => {
  const fails = inTurn(status(500), status(200));
  [platform, receiver] = await Promise.all([
    startPlatform({
      dispatchers: 2,
      dispatcherEntry: "test/repair/watchful-dispatcher.ts",
      dispatcherEnv: { RETRY_DELAYS: "1s", RETRY_JITTER: "0" },
    }),
    startReceiver(
      byPath({
        "/stuck": fails,
        "/missing": fails,
        "/deferred": fails,
        "/again": fails,
        "/expired": fails,
        "/slow": inTurn(status(500), { kind: "late_status", status: 200, afterMs: 2_500 }),
      }),
    ),
  ]);
  for (const agentId of AGENTS) {
    await platform.subscribe(
      [{ event_type: "call_completed", callback_url: receiver.url(`/${agentId}`) }],
      { agentId },
    );
  }
});

afterAll(async () => {
  await Promise.all([platform.stop(), receiver.stop()]);
});

type Published = { readonly seq: number; readonly address: EventAddress };

const scheduleOf = ({ seq, address }: Published) => scheduledRetrySubject(address, String(seq));

/** The sequence of a delivery's schedule, null when it has none. */
const scheduled = async (event: Published): Promise<number | null> => {
  const query = { last_by_subj: scheduleOf(event) };
  return (await platform.client.jsm.streams.getMessage("RETRIES", query))?.seq ?? null;
};

/** An event whose first attempt has failed and whose retry is scheduled. */
const failedOnce = async (agentId: string): Promise<Published> => {
  const event = await platform.publish({ callId: agentId, agentId });
  await eventually(() => scheduled(event), { what: `${agentId} has a schedule`, intervalMs: 5 });
  return event;
};

/** Its schedule gives way to a later one, as where an endpoint has no room. */
const isDeferred = async ({ seq, address }: Published): Promise<void> => {
  const subject = scheduleOf({ seq, address });
  const stored = await platform.client.jsm.streams.getMessage("RETRIES", {
    last_by_subj: subject,
  });
  const read = readRetry(address, (name) => stored?.header.get(name) ?? "");
  if (read.kind !== "retry") throw new Error(read.message);
  const dueMs = read.retry.dueMs + 1_500;
  const given = headers();
  for (const [name, value] of retryHeaders({ ...read.retry, dueMs, deferrals: 1 })) {
    given.set(name, value);
  }
  const schedule = {
    specification: new Date(dueMs),
    target: dueRetrySubject(address, String(seq)),
  };
  await platform.client.js.publish(subject, "", { headers: given, schedule });
};

const losesItsSchedule = async (event: Published): Promise<void> => {
  const { purged } = await platform.client.jsm.streams.purge("RETRIES", {
    filter: scheduleOf(event),
  });
  expect(purged).toBe(1);
};

/** What RETRIES takes: with 1 byte, the server rejects whatever fires, and never tries again. */
const largestMessage = async (max_msg_size: number): Promise<void> => {
  const { config } = await platform.client.jsm.streams.info("RETRIES");
  await platform.client.jsm.streams.update("RETRIES", { ...config, max_msg_size });
};

const repairs = async (dispatcher: ServiceProcess) => {
  const page = await dispatcher.metrics();
  return {
    overdue: page.value(REPUBLISHED, { reason: "overdue" }) ?? 0,
    missing: page.value(REPUBLISHED, { reason: "missing" }) ?? 0,
  };
};

/** The dispatcher that the lease names, and the other one. */
const watcherAndOther = async (): Promise<[ServiceProcess, ServiceProcess]> => {
  const query = { last_by_subj: "leases.overdue_watch" };
  const lease = await platform.client.jsm.streams.getMessage("LEASES", query);
  const pid = Number(lease?.string().split("/").at(-1));
  const watcher = platform.dispatchers.find((one) => one.pid === pid);
  const other = platform.dispatchers.find((one) => one.pid !== pid);
  if (watcher === undefined || other === undefined) throw new Error(`nobody has pid ${pid}`);
  return [watcher, other];
};

const hasWatched = ({ logs }: ServiceProcess): boolean =>
  logs.some((line) => line["msg"] === "overdue_watch.turn" && line["watches"] === true);

const deliveredOnSecond = [
  { attempt: 1, outcome: { kind: "failed", status_code: 500 } },
  { attempt: 2, outcome: { kind: "delivered" } },
];

test("a schedule that the server did not fire is published again, and measured meanwhile", async () => {
  const [watcher] = await watcherAndOther();
  const event = await failedOnce("stuck");
  const seq = await scheduled(event);
  await largestMessage(1);
  // While nothing can be stored the watch cannot either: it says so, and goes on.
  await watcher.waitForLog("overdue_watch.interrupted");
  await eventually(async () => ((await watcher.metrics()).value(OVERDUE) ?? 0) >= 1, {
    what: "the retry is a second overdue",
  });
  expect(await scheduled(event)).toBe(seq);
  await largestMessage(-1);
  expect(await platform.attempted(event, 2)).toMatchObject(deliveredOnSecond);
  expect(receiver.requestsTo("/stuck")).toHaveLength(2);
  expect(await repairs(watcher)).toEqual({ overdue: 1, missing: 0 });
  await eventually(async () => {
    expect((await watcher.metrics()).value(OVERDUE)).toBe(0);
  });
});

test("a lost schedule is stored again; a delivery in flight, deferred or expired is left alone", async () => {
  const [watcher, other] = await watcherAndOther();
  const expired = await failedOnce("expired");
  await platform.client.jsm.streams.deleteMessage("EVENTS", expired.seq);
  const events = await Promise.all(["missing", "slow", "deferred"].map(failedOnce));
  const [missing, , deferred] = events as [Published, Published, Published];
  await Promise.all([losesItsSchedule(missing), isDeferred(deferred)]);
  for (const event of events) {
    expect(await platform.attempted(event, 2)).toMatchObject(deliveredOnSecond);
  }
  for (const path of ["/missing", "/slow", "/deferred"]) {
    expect(receiver.requestsTo(path)).toHaveLength(2);
  }
  expect(await repairs(watcher)).toEqual({ overdue: 1, missing: 1 });
  expect(await repairs(other)).toEqual({ overdue: 0, missing: 0 });
  expect([watcher, other].map(hasWatched)).toEqual([true, false]);
  // Several rounds have looked at the delivery whose event is gone.
  expect(await platform.deadLetters()).toMatchObject([{ event_seq: expired.seq }]);
  const pages = await Promise.all([watcher, other].map((one) => one.metrics()));
  const counted = pages.map((page) => page.value(GIVEN_UP, { reason: "event_expired" }) ?? 0);
  expect(counted.reduce((sum, n) => sum + n)).toBe(1);
});

test("when the dispatcher that watches is killed, the other one takes over", async () => {
  const [watcher, other] = await watcherAndOther();
  const event = await failedOnce("again");
  await Promise.all([losesItsSchedule(event), watcher.kill()]);
  expect(await platform.attempted(event, 2)).toMatchObject(deliveredOnSecond);
  expect(receiver.requestsTo("/again")).toHaveLength(2);
  expect(await repairs(other)).toEqual({ overdue: 0, missing: 1 });
});

import { join } from "node:path";
import { eventMessage } from "@ringback/contracts/events/event";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Script } from "../harness/receiver/behaviour.ts";
import { eventually } from "../harness/eventually.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { type Platform, startPlatform } from "../harness/process/platform.ts";
import { type Receiver, startReceiver } from "../harness/receiver/receiver.ts";
import type { ServiceProcess } from "../harness/process/service-process.ts";
import { drained } from "../system/outage/drained.ts";
import {
  checkOut,
  findVersionBefore,
  findVersionWithout,
  type VersionBefore,
} from "./version-before.ts";

failOnLeaks();

const before = await findVersionBefore();
const NEW = "services/dispatcher/src/main.ts";
const EACH = 60;

// Where the file was when it was added; it is libs/contracts/src/events/event-warnings.ts since.
const strict = await findVersionWithout("libs/contracts/src/event-warnings.ts");

const nameOf = (version: VersionBefore): string =>
  version.kind === "found" ? version.commit.slice(0, 7) : `before (skipped: ${version.reason})`;

describe.skipIf(before.kind === "absent")(
  `a dispatcher of version ${nameOf(before)} beside this one`,
  () => {
    let platform: Platform;
    let receiver: Receiver;
    let old: ServiceProcess;
    let current: ServiceProcess;

    beforeAll(async () => {
      if (before.kind === "absent") return;
      const root = await checkOut(before.commit);
      receiver = await startReceiver(failsFirst());
      // The old one comes first, as in an upgrade: it makes what it needs, the new one finds that.
      platform = await startPlatform({
        dispatcherEntry: join(root, NEW),
        dispatcherEnv: { RETRY_DELAYS: "500ms,500ms", ENDPOINT_MAX_IN_FLIGHT: "1000" },
      });
      const [first] = platform.dispatchers;
      if (first === undefined) throw new Error("no dispatcher");
      old = first;
      await platform.subscribe([{ event_type: "call_completed", callback_url: receiver.url("/") }]);
    }, 180_000);

    afterAll(async () => {
      await platform.stop();
      await receiver.stop();
    });

    test("an upgrade and its rollback lose nothing and send nothing twice", async () => {
      await publishMany("old-alone");
      current = await platform.startDispatcher({}, NEW);
      platform.dispatchers.push(current);
      await publishMany("both");
      await receiver.received(2 * (2 * EACH), { timeoutMs: 60_000 });

      // Upgrade: what the old one scheduled, the new one retries.
      await publishMany("handed-over");
      expect(await old.stop()).toEqual({ code: 0, signal: null });
      await publishMany("new-alone");
      await receiver.received(2 * (4 * EACH), { timeoutMs: 60_000 });

      // Rollback: the other way round.
      if (before.kind === "absent") return;
      const again = await platform.startDispatcher();
      platform.dispatchers.push(again);
      await publishMany("handed-back");
      expect(await current.stop()).toEqual({ code: 0, signal: null });
      await publishMany("old-again");
      await receiver.received(2 * (6 * EACH), { timeoutMs: 60_000 });
      await drained(platform.client);

      expect(attemptsPerEvent()).toEqual({ "1,2": 6 * EACH });
      const { state } = await platform.client.jsm.streams.info("ATTEMPTS");
      expect(state.messages).toBe(2 * 6 * EACH);
      expect(await platform.deadLetters()).toEqual([]);
      for (const one of [old, current, again]) {
        expect(one.logs.filter(({ msg }) => msg === "delivery.attempted")).not.toEqual([]);
      }
    }, 180_000);

    const publishMany = async (name: string): Promise<void> => {
      const calls = Array.from({ length: EACH }, (_, n) => `${name}-${n}`);
      await Promise.all(calls.map((callId) => platform.publish({ callId })));
    };

    /** How many events had which attempts: `{"1,2": 50}` is 50 events with a first and a second one. */
    const attemptsPerEvent = (): Record<string, number> => {
      const byEvent = Object.groupBy(receiver.requests, ({ headers }) =>
        String(headers["webhook-id"]),
      );
      const counts: Record<string, number> = {};
      for (const requests of Object.values(byEvent)) {
        const attempts = (requests ?? []).map(({ headers }) => String(headers["ringback-attempt"]));
        const key = attempts.toSorted().join(",");
        counts[key] = (counts[key] ?? 0) + 1;
      }
      return counts;
    };
  },
);

describe.skipIf(strict.kind === "absent")(
  `a dispatcher of version ${nameOf(strict)}, which checks every field, beside this one`,
  () => {
    let platform: Platform;
    let receiver: Receiver;
    let old: ServiceProcess;

    beforeAll(async () => {
      if (strict.kind === "absent") return;
      const dispatcherEntry = join(await checkOut(strict.commit), NEW);
      receiver = await startReceiver();
      platform = await startPlatform({ dispatcherEntry, env: { EVENT_TYPES: "open" } });
      const [first] = platform.dispatchers;
      if (first === undefined) throw new Error("no dispatcher");
      old = first;
    }, 180_000);

    afterAll(async () => {
      await platform.stop();
      await receiver.stop();
    });

    test("what it gave up as invalid_event goes out with a job after the upgrade", async () => {
      const since = new Date().toISOString();
      await subscribe("call_completed");
      const seen = await platform.publish({ callId: "usual" });
      await platform.attempted(seen, 1);
      await publish("text-duration", "call_completed", { call_duration: "61" });
      await publish("new-type", "call_started", {});
      await publish("open-type", "anything_at_all", {});
      await publish("sip@example.com", "call_completed", {});
      await publish("wrong", "call_completed", { agent_id: "another" });
      await eventually(async () => {
        const letters = await platform.deadLetters();
        expect(letters.map(({ reason }) => reason)).toEqual(Array(5).fill("invalid_event"));
      });

      // What it cannot read on SUBSCRIPTIONS it names once, and goes on with what it knows.
      await platform.api("PUT", "/event-types/kyc_done", {});
      await subscribe("call_started", "kyc_done", "anything_at_all");
      await eventually(() => expect(unreadable()).toHaveLength(2));
      await platform.attempted(await platform.publish({ callId: "still-known" }), 1);

      platform.dispatchers.push(await platform.startDispatcher({}, NEW));
      await platform.api("PUT", "/event-types/kyc_failed", {});
      await eventually(() => expect(unreadable()).toHaveLength(3));
      expect(await old.stop()).toEqual({ code: 0, signal: null });
      expect(unreadable()).toHaveLength(3);

      const asked = await platform.api("POST", "/redeliveries", { status: "dead_lettered", since });
      expect(asked.status).toBe(202);
      const { redelivery_id: id } = asked.body as { redelivery_id: string };
      await eventually(async () => {
        const { body } = await platform.api("GET", `/redeliveries/${id}`);
        expect(body).toMatchObject({
          state: "done",
          found: 5,
          sent: 4,
          delivered: 4,
          skipped: 1,
          skipped_by_reason: { invalid_event: 1 },
        });
      });
      const sent = receiver.requests.map(
        ({ body }) => (JSON.parse(body.toString("utf8")) as { call_id: string }).call_id,
      );
      expect(new Set(sent)).toEqual(
        new Set([
          "usual",
          "still-known",
          "text-duration",
          "new-type",
          "open-type",
          "sip@example.com",
        ]),
      );
      expect(sent).toHaveLength(6);
    }, 120_000);

    const subscribe = (...types: readonly string[]): Promise<void> =>
      platform.subscribe(
        types.map((event_type) => ({ event_type, callback_url: receiver.url("/") })),
      );

    /** As a producer of today does, past the helper's check where the body is wrong. */
    const publish = async (callId: string, eventType: string, more: object): Promise<void> => {
      const { client } = platform;
      const address = { workspaceId: "w1", callId, agentId: "a1", eventType };
      const body = { event_type: eventType, call_id: callId };
      const { subject } = eventMessage({ ...address, body });
      await client.js.publish(subject, JSON.stringify({ ...body, ...more }));
    };

    const unreadable = () => old.logs.filter(({ msg }) => msg === "subscriptions.unreadable");
  },
);

/** 503 for the first request of each event, then 200. */
function failsFirst(): Script {
  const seen = new Set<unknown>();
  return ({ headers }) => {
    const isFirst = !seen.has(headers["webhook-id"]);
    seen.add(headers["webhook-id"]);
    return { kind: "status", status: isFirst ? 503 : 200 };
  };
}

import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Script } from "../harness/behaviour.ts";
import { failOnLeaks } from "../harness/leaks.ts";
import { type Platform, startPlatform } from "../harness/platform.ts";
import { type Receiver, startReceiver } from "../harness/receiver.ts";
import type { ServiceProcess } from "../harness/service-process.ts";
import { drained } from "../outage/drained.ts";
import { checkOut, findVersionBefore } from "./version-before.ts";

failOnLeaks();

const before = await findVersionBefore();
const NEW = "services/dispatcher/src/main.ts";
const EACH = 60;

const which =
  before.kind === "found" ? before.commit.slice(0, 7) : `before (skipped: ${before.reason})`;

describe.skipIf(before.kind === "absent")(
  `a dispatcher of version ${which} beside this one`,
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

/** 503 for the first request of each event, then 200. */
function failsFirst(): Script {
  const seen = new Set<unknown>();
  return ({ headers }) => {
    const isFirst = !seen.has(headers["webhook-id"]);
    seen.add(headers["webhook-id"]);
    return { kind: "status", status: isFirst ? 503 : 200 };
  };
}

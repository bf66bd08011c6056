import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  TO_AGENT,
  type Destination,
  type EventRecords,
  type RecordedDelivery,
} from "./destinations.ts";
import { jobDestinations, unrecordedOf } from "./job-destinations.ts";

const A = { endpointId: "ep_a" };
const B = { endpointId: "ep_b" };

type Came = "delivered" | "waits" | "given_up" | "cancelled";

const recorded = (
  endpointId: string | undefined,
  came: Came,
  more: Partial<RecordedDelivery> = {},
): RecordedDelivery => ({
  deliveryId: "1",
  endpointId,
  isFirst: true,
  isOpen: came === "waits",
  isDelivered: came === "delivered",
  isDeadLettered: came === "given_up",
  ...more,
});

const recordsOf = (
  deliveries: readonly RecordedDelivery[],
  more: Partial<EventRecords> = {},
): EventRecords => ({ isAcknowledged: true, stored: undefined, deliveries, ...more });

const idsOf = (...decide: Parameters<typeof jobDestinations>): unknown => {
  const decision = jobDestinations(...decide);
  return decision.kind === "wait" ? "wait" : decision.to.map(({ endpointId }) => endpointId);
};

const nothingWaits = (): boolean => false;

const waitsAtA = ({ endpointId }: Destination): boolean => endpointId === "ep_a";

describe("a job for no endpoint", () => {
  const several = recordsOf(
    [recorded(undefined, "delivered"), recorded("ep_a", "given_up"), recorded("ep_b", "cancelled")],
    { stored: [TO_AGENT, A, B] },
  );

  test.each([
    ["dead_lettered", ["ep_a"]],
    ["undelivered", ["ep_a", "ep_b"]],
    ["all", [undefined, "ep_a", "ep_b"]],
  ] as const)("of what is %s sends an event where that holds", (status, to) => {
    expect(idsOf({ status }, several, nothingWaits)).toEqual(to);
  });

  test("leaves out where an attempt follows, with a record or without one", () => {
    const records = recordsOf([recorded(undefined, "waits")], { stored: [TO_AGENT, A, B] });
    expect(unrecordedOf(records)).toEqual([A, B]);
    // What was to go there and neither waits nor has a record was given up before its first attempt.
    expect(idsOf({ status: "dead_lettered" }, records, waitsAtA)).toEqual(["ep_b"]);
  });

  test.each<[string, readonly RecordedDelivery[]]>([
    ["nobody wanted", []],
    ["went to its agent's subscription alone", [recorded(undefined, "given_up")]],
  ])("sends an event that %s there: the index knows its status", (_what, deliveries) => {
    expect(idsOf({ status: "dead_lettered" }, recordsOf(deliveries), nothingWaits)).toEqual([
      undefined,
    ]);
  });

  test("sends an event that went to one endpoint alone to that one", () => {
    const records = recordsOf([recorded("ep_a", "given_up")]);
    expect(idsOf({ status: "undelivered" }, records, nothingWaits)).toEqual(["ep_a"]);
  });
});

describe("a job for an endpoint", () => {
  const job = { endpoint_id: "ep_a" };
  const elsewhere = recorded(undefined, "delivered");

  test.each<[string, EventRecords, Record<"dead_lettered" | "undelivered" | "all", boolean>]>([
    [
      "never went there",
      recordsOf([elsewhere]),
      { dead_lettered: false, undelivered: true, all: true },
    ],
    [
      "was given up there",
      recordsOf([elsewhere, recorded("ep_a", "given_up")]),
      { dead_lettered: true, undelivered: true, all: true },
    ],
    [
      "was cancelled there",
      recordsOf([elsewhere, recorded("ep_a", "cancelled")]),
      { dead_lettered: false, undelivered: true, all: true },
    ],
    [
      "was delivered there, by a redelivery after it was given up",
      recordsOf([
        recorded("ep_a", "delivered", { isFirst: false }),
        recorded("ep_a", "given_up"),
        elsewhere,
      ]),
      { dead_lettered: false, undelivered: false, all: true },
    ],
    [
      "waits there",
      recordsOf([elsewhere, recorded("ep_a", "waits")]),
      { dead_lettered: false, undelivered: false, all: false },
    ],
  ])("sends an event that %s, as the status says", (_what, records, expected) => {
    for (const status of ["dead_lettered", "undelivered", "all"] as const) {
      const to = expected[status] ? ["ep_a"] : [];
      expect([status, idsOf({ ...job, status }, records, nothingWaits)]).toEqual([status, to]);
    }
  });

  test("waits for an event that may yet go there first", () => {
    const records = recordsOf([], { isAcknowledged: false });
    expect(idsOf({ ...job, status: "undelivered" }, records, nothingWaits)).toBe("wait");
    const decided = recordsOf([elsewhere], { isAcknowledged: false });
    expect(idsOf({ ...job, status: "undelivered" }, decided, nothingWaits)).toEqual(["ep_a"]);
  });
});

test("a job never sends an event where an attempt follows, and one for an endpoint nowhere else", () => {
  const destination = fc.constantFrom(TO_AGENT, A, B);
  const came = fc.constantFrom<Came>("delivered", "waits", "given_up", "cancelled");
  const known = fc
    .record({
      isAcknowledged: fc.boolean(),
      stored: fc.option(fc.uniqueArray(destination, { minLength: 1 }), { nil: undefined }),
      of: fc.array(fc.tuple(destination, came)),
    })
    .map(({ of, ...more }) =>
      recordsOf(
        of.map(([{ endpointId }, end]) => recorded(endpointId, end)),
        more,
      ),
    );
  const jobs = fc.record({
    status: fc.constantFrom("dead_lettered", "undelivered", "all"),
    endpoint_id: fc.constantFrom("ep_a", undefined),
  });
  fc.assert(
    fc.property(known, jobs, (records, job) => {
      const decision = jobDestinations(job, records, ({ endpointId }) => endpointId === "ep_b");
      if (decision.kind === "wait") return;
      const ids = decision.to.map(({ endpointId }) => endpointId);
      expect(new Set(ids).size).toBe(ids.length);
      const isForAll = job.endpoint_id === undefined;
      expect(isForAll || ids.every((id) => id === job.endpoint_id)).toBe(true);
      const open = records.deliveries.filter(({ isOpen }) => isOpen);
      const delivered = records.deliveries.filter(({ isDelivered }) => isDelivered);
      for (const id of ids.filter((one) => one !== undefined)) {
        expect(id).not.toBe("ep_b");
        const has = delivered.some((one) => one.endpointId === id);
        expect(open.some((one) => one.endpointId === id) && !has).toBe(false);
        expect(has && job.status !== "all").toBe(false);
      }
    }),
  );
});

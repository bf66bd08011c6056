import type { AttemptRecord } from "@ringback/contracts/deliveries/attempt";
import { deliveryIdParts } from "@ringback/contracts/deliveries/delivery-id";
import { expect, test } from "vitest";
import { attemptRecord, deadLetter } from "../../../../../test/harness/fixtures/records.ts";
import { AGENT, destinationHistories, type StoredAbout } from "./destination-history.ts";

const FIRST = "ep_abcdefgh234567ab";
const SECOND = "ep_bbcdefgh234567ab";

const NOTHING: StoredAbout = {
  eventSeq: 7,
  attempts: [],
  deadLetters: new Map(),
  fanOut: undefined,
};

const attempt = (seq: number, deliveryId: string, over: Partial<AttemptRecord> = {}) => {
  const { endpointId: endpoint_id } = deliveryIdParts(deliveryId) ?? {};
  const ids = endpoint_id === undefined ? {} : { endpoint_id };
  return { seq, deliveryId, record: attemptRecord({ delivery_id: deliveryId, ...ids, ...over }) };
};

const FAILED = {
  outcome: { kind: "failed", reason: "timeout" },
  next: { kind: "retry", at: "2026-01-01T00:01:00.000Z" },
} as const;

const FAN_OUT = [
  { delivery_id: "7" },
  { delivery_id: `7-${SECOND}`, endpoint_id: SECOND, uid: "crm" },
  { delivery_id: `7-${FIRST}`, endpoint_id: FIRST },
];

test("an event of which nothing is stored is one delivery to the agent's subscription", () => {
  expect(destinationHistories(NOTHING)).toEqual([
    {
      endpointId: undefined,
      uid: undefined,
      deliveryId: "7",
      attempts: [],
      isDelivered: false,
      lastAttempt: undefined,
      deadLetter: undefined,
    },
  ]);
});

test("an event with one endpoint and no agent's subscription has that destination only", () => {
  const found = destinationHistories({ ...NOTHING, attempts: [attempt(1, `7-${FIRST}`)] });
  expect(found).toMatchObject([{ endpointId: FIRST, deliveryId: `7-${FIRST}`, isDelivered: true }]);
});

test("a stored set shows deliveries without a record, the agent's first and then by endpoint", () => {
  const found = destinationHistories({
    ...NOTHING,
    fanOut: FAN_OUT,
    attempts: [attempt(1, `7-${FIRST}`, FAILED)],
  });
  expect(found.map(({ endpointId, uid, attempts }) => [endpointId, uid, attempts.length])).toEqual([
    [undefined, undefined, 0],
    [FIRST, undefined, 1],
    [SECOND, "crm", 0],
  ]);
});

test("a redelivery belongs to its destination, which shows the delivery attempted last", () => {
  const attempts = [
    attempt(4, `7-${FIRST}-r1`, { ...FAILED, uid: "first" }),
    attempt(3, "7-r2"),
    attempt(2, `7-${FIRST}`, FAILED),
    attempt(1, "7", FAILED),
  ];
  const found = destinationHistories({ ...NOTHING, attempts });
  expect(found).toMatchObject([
    { endpointId: undefined, deliveryId: "7-r2", isDelivered: true },
    { endpointId: FIRST, uid: "first", deliveryId: `7-${FIRST}-r1`, isDelivered: false },
  ]);
  expect(found.map((one) => one.attempts.map(({ seq }) => seq))).toEqual([
    [3, 1],
    [4, 2],
  ]);
});

test("a dead letter is of its own destination, until a redelivery there went on", () => {
  const expired = deadLetter({ reason: "event_expired", at: "2026-01-01T00:00:01.000Z" });
  const deadLetters = new Map([
    [AGENT, expired],
    [FIRST, { ...expired, endpoint_id: FIRST, uid: "first" }],
    [SECOND, { ...expired, endpoint_id: SECOND }],
  ]);
  const later = { ...FAILED, at: "2026-01-01T00:00:02.000Z" };
  const attempts = [attempt(2, `7-${SECOND}-r1`, later), attempt(1, "7")];
  const found = destinationHistories({ ...NOTHING, attempts, deadLetters });
  expect(found.map((one) => [one.endpointId, one.uid, one.deadLetter?.reason])).toEqual([
    [undefined, undefined, undefined], // it was delivered
    [FIRST, "first", "event_expired"],
    [SECOND, undefined, undefined],
  ]);
});

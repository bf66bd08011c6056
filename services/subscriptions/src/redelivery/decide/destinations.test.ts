import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  firstDestinations,
  isSameDestination,
  mayGoTo,
  redeliveryDestinations,
  TO_AGENT,
  type EventRecords,
  type RecordedDelivery,
} from "./destinations.ts";

const A = { endpointId: "ep_a" };
const B = { endpointId: "ep_b" };

const recorded = (
  endpointId: string | undefined,
  more: Partial<RecordedDelivery> = {},
): RecordedDelivery => ({ deliveryId: "1", endpointId, isFirst: true, isOpen: false, ...more });

const NONE: EventRecords = { isAcknowledged: true, stored: undefined, deliveries: [] };

test.each<[string, Partial<EventRecords>, EventRecords["stored"]]>([
  ["is the stored set", { stored: [TO_AGENT, A] }, [TO_AGENT, A]],
  ["is that of its only first delivery", { deliveries: [recorded("ep_a")] }, [A]],
  ["is none of a redelivery", { deliveries: [recorded("ep_a", { isFirst: false })] }, undefined],
  ["is unknown without a record", {}, undefined],
])("where an event went first %s", (_what, records, expected) => {
  const found = firstDestinations({ ...NONE, ...records });
  expect(found?.map(({ endpointId }) => endpointId)).toEqual(
    expected?.map(({ endpointId }) => endpointId),
  );
});

const records = fc.record({
  isAcknowledged: fc.boolean(),
  stored: fc.option(fc.uniqueArray(fc.constantFrom(TO_AGENT, A, B), { minLength: 1 }), {
    nil: undefined,
  }),
  deliveries: fc.array(
    fc.record({
      deliveryId: fc.string(),
      endpointId: fc.constantFrom("ep_a", "ep_b", undefined),
      isFirst: fc.boolean(),
      isOpen: fc.boolean(),
      isDelivered: fc.boolean(),
    }),
  ),
});

test("a redelivery without a choice goes somewhere, and nowhere where the event did not go first", () => {
  fc.assert(
    fc.property(records, (known) => {
      const first = firstDestinations(known) ?? [TO_AGENT];
      const chosen = redeliveryDestinations(known);
      expect(chosen.length).toBeGreaterThan(0);
      expect(chosen.every((one) => first.includes(one))).toBe(true);
      expect(chosen.every((one) => mayGoTo(known, one))).toBe(true);
    }),
  );
});

test("it leaves out a destination only where that has the event, and another one has not", () => {
  fc.assert(
    fc.property(records, (known) => {
      const first = firstDestinations(known) ?? [TO_AGENT];
      const chosen = redeliveryDestinations(known);
      const hasIt = (destination: (typeof first)[number]): boolean =>
        known.deliveries.some((one) => one.isDelivered && isSameDestination(one, destination));
      const leftOut = first.filter((one) => !chosen.includes(one));
      expect(leftOut.every(hasIt)).toBe(true);
      expect(leftOut.length === 0 || !chosen.some(hasIt)).toBe(true);
    }),
  );
});

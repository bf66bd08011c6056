import { Buffer } from "node:buffer";
import { expect, test } from "vitest";
import { ADDRESS } from "../../../../test/harness/fixtures/records.ts";
import {
  attemptsOfAddress,
  attemptSubject,
  deliveryIdInAttemptSubject,
} from "../streams/subjects.ts";
import { eventSeqInFanOutSubject, fanOutSubject, readFanOut } from "./fan-out.ts";

test("the set of an event's destinations is beside the records of its deliveries, and none of them", () => {
  const subject = fanOutSubject(ADDRESS, 7);
  expect(subject).toBe("attempts.w1.c1.a1.call_completed.7.fan_out");
  expect(subject.startsWith(attemptsOfAddress(ADDRESS).slice(0, -1))).toBe(true);
  expect(deliveryIdInAttemptSubject(subject)).toBeUndefined();
  expect(eventSeqInFanOutSubject(subject)).toBe(7);
  expect(eventSeqInFanOutSubject(attemptSubject(ADDRESS, "7"))).toBeUndefined();
});

test.each(["0", "x", "1.5", ""])("a subject with '%s' in place of a sequence is none", (seq) => {
  const subject = `attempts.w1.c1.a1.call_completed.${seq}.fan_out`;
  expect(eventSeqInFanOutSubject(subject)).toBeUndefined();
});

test("the set is read as it was stored, with what a later version adds", () => {
  const fanOut = {
    event_id: "evt_t85s00_7",
    event_seq: 7,
    at: "2026-01-01T00:00:00.000Z",
    deliveries: [{ delivery_id: "7" }, { delivery_id: "7-ep_aaaaaaaaaaaaaaaa", later: 1 }],
  };
  expect(readFanOut(Buffer.from(JSON.stringify(fanOut)))).toEqual(fanOut);
  expect(readFanOut(Buffer.from(JSON.stringify({ ...fanOut, deliveries: [] })))).toBeUndefined();
  expect(readFanOut(Buffer.from("{"))).toBeUndefined();
});

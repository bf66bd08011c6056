import type { StreamConfig } from "@nats-io/jetstream";
import { describe, expect, test } from "vitest";
import { differences, wantedStreams, type StreamSettings } from "./stream-config.ts";

const MINUTE_NS = 60 * 1_000_000_000;
const DAY_MS = 86_400_000;
const DAY_NS = DAY_MS * 1_000_000;

const SETTINGS: StreamSettings = {
  STREAM_REPLICAS: 1,
  EVENTS_MAX_AGE: 7 * DAY_MS,
  EVENTS_MAX_BYTES: undefined,
  SUBSCRIPTIONS_MAX_BYTES: undefined,
  ATTEMPTS_MAX_BYTES: undefined,
  DEAD_LETTERS_MAX_BYTES: undefined,
  ATTEMPTS_MAX_AGE: 30 * DAY_MS,
  DEAD_LETTERS_MAX_AGE: 30 * DAY_MS,
  AUDIT_MAX_AGE: 90 * DAY_MS,
  AUDIT_MAX_BYTES: 1_073_741_824,
};

const EVERY_STREAM = {
  storage: "file",
  num_replicas: 1,
  allow_direct: true,
  duplicate_window: 10 * MINUTE_NS,
};
const UNLIMITED = { max_age: 0, max_bytes: -1, max_msgs: -1, max_msgs_per_subject: -1 };

test("the streams are those of the design's table", () => {
  expect(wantedStreams(SETTINGS)).toEqual([
    {
      ...EVERY_STREAM,
      ...UNLIMITED,
      name: "SUBSCRIPTIONS",
      subjects: ["subscriptions.>"],
      retention: "limits",
      allow_rollup_hdrs: false,
      discard: "new",
    },
    {
      ...EVERY_STREAM,
      name: "EVENTS",
      subjects: ["events.>"],
      retention: "limits",
      max_age: 7 * DAY_NS,
      max_bytes: -1,
      discard: "new",
      allow_rollup_hdrs: false,
    },
    {
      ...EVERY_STREAM,
      ...UNLIMITED,
      name: "RETRIES",
      subjects: ["retries.scheduled.>", "retries.due.>"],
      retention: "workqueue",
      allow_msg_schedules: true,
      allow_rollup_hdrs: true,
    },
    {
      ...EVERY_STREAM,
      name: "ATTEMPTS",
      subjects: ["attempts.>"],
      retention: "limits",
      max_age: 30 * DAY_NS,
      max_bytes: -1,
      discard: "old",
      allow_rollup_hdrs: false,
    },
    {
      ...EVERY_STREAM,
      name: "DEAD_LETTERS",
      subjects: ["dead_letters.>"],
      retention: "limits",
      max_age: 30 * DAY_NS,
      max_bytes: -1,
      discard: "old",
      allow_rollup_hdrs: false,
    },
    {
      ...EVERY_STREAM,
      name: "REQUESTS",
      subjects: ["requests.>"],
      retention: "limits",
      max_age: DAY_NS,
      max_msgs: -1,
      max_msgs_per_subject: 1,
      allow_rollup_hdrs: false,
    },
    {
      ...EVERY_STREAM,
      ...UNLIMITED,
      name: "LEASES",
      subjects: ["leases.>"],
      retention: "limits",
      max_msgs_per_subject: 1,
      allow_msg_ttl: true,
      allow_rollup_hdrs: false,
    },
    {
      ...EVERY_STREAM,
      name: "OPERATIONS",
      subjects: ["operations.>"],
      retention: "limits",
      max_age: 7 * DAY_NS,
      allow_rollup_hdrs: false,
    },
    {
      ...EVERY_STREAM,
      name: "REDELIVERIES",
      subjects: ["redeliveries.>"],
      retention: "limits",
      max_age: 30 * DAY_NS,
      max_msgs: -1,
      max_msgs_per_subject: 1,
      allow_rollup_hdrs: false,
    },
    {
      ...EVERY_STREAM,
      ...UNLIMITED,
      name: "ACCESS",
      subjects: ["access.>"],
      retention: "limits",
      max_msgs_per_subject: 1,
      allow_msg_ttl: true,
      allow_rollup_hdrs: false,
    },
    {
      ...EVERY_STREAM,
      name: "AUDIT",
      subjects: ["audit.>"],
      retention: "limits",
      max_age: 90 * DAY_NS,
      max_bytes: 1_073_741_824,
      max_msgs_per_subject: 100_000,
      discard: "old",
      allow_rollup_hdrs: false,
    },
  ]);
});

test("every setting has its place", () => {
  const streams = wantedStreams({
    STREAM_REPLICAS: 3,
    EVENTS_MAX_AGE: 1 * DAY_MS,
    EVENTS_MAX_BYTES: 1_024,
    SUBSCRIPTIONS_MAX_BYTES: 2_048,
    ATTEMPTS_MAX_BYTES: 3_072,
    DEAD_LETTERS_MAX_BYTES: 4_096,
    ATTEMPTS_MAX_AGE: 2 * DAY_MS,
    DEAD_LETTERS_MAX_AGE: 3 * DAY_MS,
    AUDIT_MAX_AGE: 4 * DAY_MS,
    AUDIT_MAX_BYTES: 5_120,
  });
  expect(streams.map(({ num_replicas }) => num_replicas)).toEqual([
    3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3,
  ]);
  expect(streams.map(({ max_age }) => max_age)).toEqual([
    0,
    DAY_NS,
    0,
    2 * DAY_NS,
    3 * DAY_NS,
    DAY_NS,
    0,
    7 * DAY_NS,
    30 * DAY_NS,
    0,
    4 * DAY_NS,
  ]);
  const sizes = streams.map(({ max_bytes }) => max_bytes).filter((bytes) => (bytes ?? -1) !== -1);
  expect(sizes).toEqual([2_048, 1_024, 3_072, 4_096, 5_120]);
});

test("a duplicate window is never longer than the stream's age, which the server would refuse", () => {
  const minute = 60_000;
  const streams = wantedStreams({
    ...SETTINGS,
    EVENTS_MAX_AGE: minute,
    ATTEMPTS_MAX_AGE: 2 * minute,
    DEAD_LETTERS_MAX_AGE: 10 * minute,
    AUDIT_MAX_AGE: 3 * minute,
  });
  const windows = streams.map(({ duplicate_window }) => (duplicate_window ?? 0) / MINUTE_NS);
  expect(windows).toEqual([10, 1, 10, 2, 10, 10, 10, 10, 10, 10, 3]);
});

/** What a server answers: all that was asked for, and options of its own. */
const asAnswered = (wanted: Partial<StreamConfig>): Partial<StreamConfig> => ({
  ...wanted,
  max_msg_size: -1,
  sealed: false,
  metadata: { "_nats.ver": "2.15.1" },
});

describe.each(wantedStreams(SETTINGS))("what the server has of $name", (wanted) => {
  test("does not differ when it is what was asked for", () => {
    expect(differences(wanted, asAnswered(wanted))).toEqual([]);
  });

  test.each(Object.keys(wanted))("differs when its %s is another", (option) => {
    const actual = { ...asAnswered(wanted), [option]: "another" };
    const value = (wanted as Record<string, unknown>)[option];
    expect(differences(wanted, actual)).toEqual([{ option, wanted: value, actual: "another" }]);
  });

  test.each(Object.keys(wanted))(
    "differs when its %s is missing, unless that means false",
    (option) => {
      const { [option as "name"]: _left, ...actual } = asAnswered(wanted);
      const value = (wanted as Record<string, unknown>)[option];
      const expected = value === false ? [] : [{ option, wanted: value, actual: undefined }];
      expect(differences(wanted, actual)).toEqual(expected);
    },
  );
});

test("an old server that leaves out message schedules is noticed", () => {
  const retries = wantedStreams(SETTINGS).find(({ name }) => name === "RETRIES");
  if (retries === undefined) throw new Error("RETRIES is not among the streams");
  const { allow_msg_schedules: _unknown, ...actual } = asAnswered(retries);
  expect(differences(retries, actual)).toEqual([
    { option: "allow_msg_schedules", wanted: true, actual: undefined },
  ]);
});

import type { ConsumerInfo, StreamInfo } from "@nats-io/jetstream";
import { expect, test } from "vitest";
import { streamResponse } from "./list-streams.ts";

/** As a server of a cluster replies. */
const INFO = {
  config: {
    max_bytes: 1_000,
    max_age: 0,
    max_msgs_per_subject: -1,
    discard: "new",
    num_replicas: 3,
  },
  created: "2026-01-12T08:00:00.123456789Z",
  state: {
    messages: 0,
    bytes: 0,
    first_seq: 8,
    first_ts: "0001-01-01T00:00:00Z",
    last_seq: 7,
    last_ts: "2026-03-02T10:20:02.511987654Z",
    consumer_count: 2,
  },
  cluster: {
    name: "C1",
    leader: "n1",
    replicas: [
      { name: "n0", current: true, active: 12_000 },
      { name: "n2", current: false, offline: true, active: 9_000_000_000, lag: 42 },
    ],
  },
} as unknown as StreamInfo;

const consumer = (config: object): ConsumerInfo =>
  ({
    name: "c",
    config,
    num_pending: 3,
    num_ack_pending: 2,
    num_redelivered: 1,
    ack_floor: { stream_seq: 5, consumer_seq: 4 },
  }) as unknown as ConsumerInfo;

test("what the servers of a cluster leave out is false or 0, and what is unlimited or unknown is null", () => {
  const { state } = streamResponse({ name: "EVENTS", info: INFO, consumers: [] });
  expect(state).toMatchObject({
    subjects: null,
    max_bytes: 1_000,
    max_age_seconds: null,
    max_messages_per_subject: null,
    when_full: "refuse",
    first_at: null,
    last_at: "2026-03-02T10:20:02.511Z",
    created_at: "2026-01-12T08:00:00.123Z",
    leader: "n1",
    followers: [
      { name: "n0", is_current: true, is_offline: false, lag: 0 },
      { name: "n2", is_current: false, is_offline: true, lag: 42 },
    ],
  });
});

test("consumers with a durable name are shown, and others counted", () => {
  const consumers = [
    consumer({ durable_name: "c", filter_subject: "events.>" }),
    consumer({ durable_name: "c", filter_subjects: ["a.>", "b.>"] }),
    consumer({ durable_name: "c" }),
    consumer({ filter_subject: "events.>" }),
  ];
  const { state } = streamResponse({ name: "EVENTS", info: INFO, consumers });
  expect(state?.readers).toBe(1);
  expect(state?.consumers.map(({ filters }) => filters)).toEqual([
    ["events.>"],
    ["a.>", "b.>"],
    [],
  ]);
  const figures = { pending: 3, ack_pending: 2, redelivered: 1, acknowledged_up_to: 5 };
  expect(state?.consumers[0]).toMatchObject(figures);
});

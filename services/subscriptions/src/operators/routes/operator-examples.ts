export const STREAMS_EXAMPLES = {
  events: {
    summary: "EVENTS alone, of eleven",
    value: {
      streams: [
        {
          name: "EVENTS",
          state: {
            messages: 18_431,
            bytes: 61_204_113,
            subjects: 18_190,
            max_bytes: null,
            max_age_seconds: 604_800,
            max_messages_per_subject: null,
            when_full: "refuse",
            first_seq: 10,
            first_at: "2026-02-23T10:21:40.004Z",
            last_seq: 18_440,
            last_at: "2026-03-02T10:20:02.511Z",
            created_at: "2026-01-12T08:00:00.000Z",
            replicas: 3,
            leader: "nats-1",
            followers: [
              { name: "nats-0", is_current: true, is_offline: false, lag: 0 },
              { name: "nats-2", is_current: true, is_offline: false, lag: 0 },
            ],
            consumers: [
              {
                name: "dispatcher",
                filters: ["events.>"],
                pending: 0,
                ack_pending: 1,
                redelivered: 0,
                acknowledged_up_to: 18_439,
              },
            ],
            readers: 2,
          },
        },
      ],
    },
  },
};

export const DISPATCHERS_EXAMPLES = {
  one: {
    summary: "One dispatcher, which has both of its leases",
    value: {
      dispatchers: [
        {
          dispatcher_id: "019ca54d-2f13-7b8e-9f5a-6d1f2b0c4e77",
          process: "dispatcher-5d9c/1",
          version: "0.1.0",
          started_at: "2026-02-28T17:30:24.915Z",
          last_heard_at: "2026-03-02T10:20:01.807Z",
          in_flight: 12,
        },
      ],
      leases: [
        {
          name: "overdue_watch",
          holder: "dispatcher-5d9c/1",
          renewed_at: "2026-03-02T10:19:58.120Z",
        },
        {
          name: "endpoint_watch",
          holder: "dispatcher-5d9c/1",
          renewed_at: "2026-03-02T10:19:59.004Z",
        },
        { name: "redelivery", holder: null, renewed_at: null },
      ],
    },
  },
};

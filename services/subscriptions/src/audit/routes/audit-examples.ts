/** What `GET /audit` responds, for the API's document. */
export const AUDIT_EXAMPLES = {
  page: {
    summary: "A changed endpoint, and payloads that a person read",
    value: {
      entries: [
        {
          audit_id: "aud_019a8c3e-7c10-7b6e-9d51-2f6f0c2a4b11",
          at: "2026-03-02T10:21:06.512Z",
          kind: "change",
          actor: { kind: "key", id: "k1" },
          action: "changeEndpoint",
          resource: { endpoint_id: "ep_4q2f7xk3mzt5b6ya" },
          request_id: "0b0cfa9e-3c0c-4d53-9a7e-0f6b7f1c2d3e",
          address: "203.0.113.7",
          outcome: "done",
          status: 200,
        },
        {
          audit_id: "aud_019a8c3e-1a55-7f02-8c3c-6f5d4e3c2b1a",
          at: "2026-03-02T10:20:41.080Z",
          until: "2026-03-02T10:21:02.344Z",
          count: 12,
          kind: "read",
          actor: { kind: "key", id: "k2" },
          action: "getEventPayload",
          resource: { event_id: "evt_t9x3k0_18422" },
          shown: ["payloads"],
          request_id: "7d1f4a52-5d0f-4b41-8a55-1f9e0b6c7d88",
          address: "203.0.113.9",
          outcome: "done",
          status: 200,
        },
      ],
      next_cursor: null,
    },
  },
};

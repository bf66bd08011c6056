import type { Stage } from "./stage.ts";

/** The things that pictures of one thing show: they have something to show. */
export type Shown = {
  /** A call with an event that waits for a retry. */
  readonly callId: string;
  /** A finished call in Hindi: its payload has what was said. */
  readonly hindiEventId: string;
  readonly redeliveryId: string;
  /** By their `uid`. */
  readonly endpointIds: Readonly<Record<string, string>>;
};

type Event = { readonly event_id: string; readonly agent_id: string; readonly call_id: string };

/** Finds them once the campaign runs, and begins what it has none of: a job, keys, sessions, a type of the lender's own. */
export const startShown = async ({ call }: Stage): Promise<Shown> => {
  await call("PUT", "/event-types/loan_closed", {
    description: "The last instalment of a loan was paid",
    example: { loan_id: "LN-700013", closed_on: "2026-11-29" },
    schema: {
      type: "object",
      required: ["loan_id"],
      properties: { loan_id: { type: "string" }, closed_on: { type: "string", format: "date" } },
    },
  });
  await call("POST", "/api-keys", { name: "CRM", scopes: ["read", "payloads"] });
  await call("POST", "/api-keys", {
    name: "Collections desk (हिन्दी)",
    scopes: ["read", "redeliver"],
    agents: ["emi-reminder-hi"],
  });
  for (const agents of [["emi-reminder-en"], ["emi-reminder-hi", "promise-to-pay"]]) {
    await call("POST", "/portal-sessions", {
      agents,
      capabilities: ["read", "redeliver"],
      expires_in: 3_600,
    });
  }
  const job = { status: "all", since: "1h", event_types: ["recording_completed"] };
  const { redelivery_id: redeliveryId } = (await call("POST", "/redeliveries", {
    ...job,
    rate_per_second: 2,
  })) as { redelivery_id: string };
  const { deliveries } = (await call("GET", "/deliveries?status=retrying&limit=50")) as {
    deliveries: readonly Event[];
  };
  const { events } = (await call("GET", "/events?event_type=call_completed&limit=100")) as {
    events: readonly Event[];
  };
  const hindi = events.filter(({ agent_id: id }) => id === "emi-reminder-hi");
  const { endpoints } = (await call("GET", "/endpoints?limit=50")) as {
    endpoints: readonly { endpoint_id: string; uid: string }[];
  };
  return {
    callId: deliveries[0]?.call_id ?? missing("that waits for a retry"),
    hindiEventId: (await firstAnswered(call, hindi)) ?? missing("that was answered in Hindi"),
    redeliveryId,
    endpointIds: Object.fromEntries(endpoints.map(({ uid, endpoint_id: id }) => [uid, id])),
  };
};

const missing = (what: string): never => {
  throw new Error(`there is no call ${what}, which a picture is to show`);
};

const firstAnswered = async (
  call: Stage["call"],
  events: readonly Event[],
): Promise<string | undefined> => {
  for (const { event_id: id } of events) {
    const payload = (await call("GET", `/events/${id}/payload`)) as { status?: string };
    if (payload.status === "completed") return id;
  }
  return undefined;
};

import type { paths } from "../../api/schema.gen.ts";

/** A redelivery job as `GET /redeliveries` has it. */
export type Job =
  paths["/redeliveries"]["get"]["responses"][200]["content"]["application/json"]["redeliveries"][number];

/** Something of it is still to come: deliveries to start, or outcomes. */
export const isUnderWay = ({ state, waiting }: Pick<Job, "state" | "waiting">): boolean =>
  state === "running" || waiting > 0;

type Part = "delivered" | "failed" | "cancelled" | "skipped" | "waiting" | "remaining";

/** How far a job is: its parts as shares of the whole, which add up to 1. Null: nothing is known of the whole yet. */
export const progressOf = (
  job: Pick<
    Job,
    "state" | "found" | "sent" | "skipped" | "delivered" | "failed" | "cancelled" | "waiting"
  >,
): Readonly<Record<Part, number>> | null => {
  const { state, found, sent, skipped, delivered, failed, cancelled, waiting } = job;
  // An event may have several deliveries, so more may be started than was found.
  const whole = state === "running" ? Math.max(found ?? 0, sent + skipped) : sent + skipped;
  if (whole === 0) return null;
  const known = delivered + failed + cancelled + skipped + waiting;
  const all = Math.max(whole, known);
  return {
    delivered: delivered / all,
    failed: failed / all,
    cancelled: cancelled / all,
    skipped: skipped / all,
    waiting: waiting / all,
    remaining: (all - known) / all,
  };
};

/** Which events a job is about, in a line. */
export const scopeText = (
  job: Pick<Job, "status" | "agent_id" | "endpoint_id" | "event_types">,
): string => {
  const { status, agent_id: agent, endpoint_id: endpoint, event_types: types } = job;
  return [
    status.replaceAll("_", " "),
    ...(types === undefined ? [] : [types.join(", ")]),
    ...(agent === undefined ? [] : [`of agent ${agent}`]),
    ...(endpoint === undefined ? [] : [`to endpoint ${endpoint}`]),
  ].join(" · ");
};

/** What somebody fills in for a job, as text. */
export type JobDraft = {
  readonly status: Job["status"];
  readonly since: string;
  readonly until: string;
  readonly agentId: string;
  readonly endpointId: string;
  readonly eventTypes: string;
  readonly rate: string;
};

/** A draft from the filters of a list, as far as a job knows them. */
export const draftFrom = (filters: Readonly<Record<string, string>>): JobDraft => ({
  status: filters["status"] === "delivered" ? "all" : "dead_lettered",
  since: filters["since"] ?? "24h",
  until: filters["until"] ?? "",
  agentId: filters["agent_id"] ?? "",
  endpointId: filters["endpoint_id"] ?? "",
  eventTypes: filters["event_type"] ?? "",
  rate: "50",
});

const namesIn = (text: string): string[] =>
  text
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");

/** The body of `POST /redeliveries`; the API checks it. */
export const jobBody = (draft: JobDraft) => {
  const types = namesIn(draft.eventTypes);
  return {
    status: draft.status,
    since: draft.since.trim(),
    ...(draft.until.trim() === "" ? {} : { until: draft.until.trim() }),
    ...(draft.agentId.trim() === "" ? {} : { agent_id: draft.agentId.trim() }),
    ...(draft.endpointId.trim() === "" ? {} : { endpoint_id: draft.endpointId.trim() }),
    ...(types.length === 0 ? {} : { event_types: types }),
    rate_per_second: Number(draft.rate),
  };
};

const COVERED = {
  dead_lettered: "dead_lettered",
  undelivered: "dead_lettered,cancelled,no_subscription",
  all: "dead_lettered,cancelled,no_subscription,delivered",
} as const;

/** The query whose count says how many events a job would be about. */
export const coverageQuery = (draft: JobDraft): Record<string, unknown> => {
  const { since, until, agent_id: agentId, event_types: types } = jobBody(draft);
  return {
    status: COVERED[draft.status],
    since,
    ...(until === undefined ? {} : { until }),
    ...(agentId === undefined ? {} : { agent_id: agentId }),
    ...(types === undefined ? {} : { event_type: types.join(",") }),
  };
};

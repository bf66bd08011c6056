import { attemptRecordSchema, type AttemptRecord } from "@ringback/contracts/deliveries/attempt";
import { eventId, type EventAddress } from "@ringback/contracts/events/event";
import { createdAt } from "@ringback/contracts/streams/stream-origin";
import { attemptsOfAddress } from "@ringback/contracts/streams/subjects";
import { eventually } from "../harness/eventually.ts";
import type { Platform } from "../harness/process/platform.ts";

export type PublishedEvent = { readonly seq: number; readonly address: EventAddress };

export type Answered = {
  readonly status: number;
  readonly body: Record<string, unknown>;
  readonly headers: Headers;
};

/** A call of the API with headers of its own; w1's key unless another is given. */
export const call = async (
  platform: Platform,
  method: string,
  path: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answered> => {
  const answer = await fetch(platform.subscriptions.httpUrl(`/ca/api/v0${path}`), {
    method,
    headers: {
      "x-api-key": platform.apiKeys[0] ?? "",
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  const json = text === "" ? {} : (JSON.parse(text) as Record<string, unknown>);
  return { status: answer.status, body: json, headers: answer.headers };
};

/** The id by which the API knows an event. */
export const idOf = async (platform: Platform, { seq }: PublishedEvent): Promise<string> => {
  const { created } = await platform.client.jsm.streams.info("EVENTS");
  return eventId(createdAt(Date.parse(created)), seq);
};

export const redeliver = async (
  platform: Platform,
  event: PublishedEvent,
  headers: Readonly<Record<string, string>> = {},
  body?: { readonly counts_against_schedule: boolean },
): Promise<Answered> =>
  call(platform, "POST", `/events/${await idOf(platform, event)}/redeliver`, body, headers);

/** All records of an event's deliveries, oldest first. */
export const recordsOf = async (
  { client }: Platform,
  { seq: eventSeq, address }: PublishedEvent,
): Promise<AttemptRecord[]> => {
  const records: AttemptRecord[] = [];
  for (let seq = 1; ;) {
    const query = { seq, next_by_subj: attemptsOfAddress(address) };
    const message = await client.jsm.direct.getMessage("ATTEMPTS", query);
    if (message === null) return records.filter((record) => record.event_seq === eventSeq);
    records.push(attemptRecordSchema.parse(message.json()));
    seq = message.seq + 1;
  }
};

/** Waits until an event has this many records. */
export const recorded = (
  platform: Platform,
  event: PublishedEvent,
  n: number,
): Promise<AttemptRecord[]> =>
  eventually(
    async () => {
      const records = await recordsOf(platform, event);
      if (records.length < n) throw new Error(`${records.length} of ${n} records`);
      return records;
    },
    { what: `${n} records` },
  );

/** Waits until nothing of this agent's is scheduled or due. */
export const nothingComesBack = ({ client }: Platform, agentId: string): Promise<unknown> =>
  eventually(
    async () => {
      const { state } = await client.jsm.streams.info("RETRIES", { subjects_filter: ">" });
      const left = Object.keys(state.subjects ?? {}).filter((s) => s.split(".").includes(agentId));
      if (left.length > 0) throw new Error(`left: ${left.join(", ")}`);
      return true;
    },
    { what: "RETRIES has nothing of the agent" },
  );

/** What is told of records in a test: enough to see the chain. */
export const told = (records: readonly AttemptRecord[]) =>
  records.map(({ attempt, trigger, outcome, next, delivery_id }) => ({
    attempt,
    trigger,
    outcome: outcome.kind,
    next: next.kind,
    ...(delivery_id === undefined ? {} : { delivery_id }),
  }));

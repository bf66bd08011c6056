import { Buffer } from "node:buffer";
import type { StoredMsg } from "@nats-io/jetstream";
import { type AttemptRecord, attemptRecordSchema } from "@ringback/contracts/deliveries/attempt";
import { deadLetterSchema } from "@ringback/contracts/deliveries/dead-letter";
import type { EventStatus } from "@ringback/contracts/deliveries/event-status";
import { STREAMS, type StreamName } from "@ringback/contracts/streams/subjects";
import { eventually } from "../../harness/eventually.ts";
import type { NatsClient } from "../../harness/nats/nats-client.ts";
import type { Services } from "../../harness/process/platform.ts";
import type { Receiver } from "../../harness/receiver/receiver.ts";
import { attemptOf } from "./crowd.ts";
import type { ListedFacts, SeenRequest, StoredFacts } from "./evidence.ts";

const READS_AT_ONCE = 64;

/** Everything on the streams, as their leaders have it: a follower may be behind. */
export const collectStored = async (client: NatsClient): Promise<StoredFacts> => {
  const info = await client.jsm.streams.info(STREAMS.events);
  const [events, attempts, letters, retries] = await Promise.all([
    messagesOf(client, STREAMS.events),
    messagesOf(client, STREAMS.attempts),
    messagesOf(client, STREAMS.deadLetters),
    messagesOf(client, STREAMS.retries),
  ]);
  return {
    streamCreatedMs: Date.parse(info.created),
    events: events.map(({ seq, subject }) => ({ seq, subject })),
    records: attempts.map((message) => ({ subject: message.subject, record: recordIn(message) })),
    deadLetters: letters.map((message) => {
      const { reason, event_id } = deadLetterSchema.parse(jsonIn(message));
      const workspaceId = message.subject.split(".")[1] ?? "";
      return { workspaceId, eventId: String(event_id), reason };
    }),
    waiting: retries.map(({ subject }) => subject),
  };
};

const messagesOf = async ({ jsm }: NatsClient, stream: StreamName): Promise<StoredMsg[]> => {
  const { state } = await jsm.streams.info(stream);
  const found: StoredMsg[] = [];
  for (let first = state.first_seq; first <= state.last_seq; first += READS_AT_ONCE) {
    const n = Math.min(READS_AT_ONCE, state.last_seq - first + 1);
    const reads = Array.from({ length: n }, (_none, i) =>
      jsm.streams.getMessage(stream, { seq: first + i }),
    );
    // A work queue and lost messages leave gaps, which are null.
    for (const message of await Promise.all(reads)) if (message !== null) found.push(message);
  }
  return found;
};

const jsonIn = ({ data }: StoredMsg): unknown => JSON.parse(Buffer.from(data).toString("utf8"));

const recordIn = (message: StoredMsg): AttemptRecord => attemptRecordSchema.parse(jsonIn(message));

export const collectRequests = (receiver: Receiver): SeenRequest[] =>
  receiver.requests.map((request) => ({
    eventId: String(request.headers["webhook-id"]),
    attempt: attemptOf(request),
    path: request.path,
    atMs: request.atMs,
    answeredAtMs: request.closedAtMs,
  }));

interface Page {
  readonly next_cursor: string | null;
  readonly projection_lag: number;
  readonly [list: string]: unknown;
}

/** The API's lists of a workspace, once they are no longer behind; after `timeoutMs` as they are. */
export const collectLists = async (
  services: Services,
  workspaceId: string,
  timeoutMs: number,
): Promise<ListedFacts> => {
  await eventually(() => isCurrent(services, workspaceId), { timeoutMs, intervalMs: 250 }).catch(
    () => {}, // the checker says what is missing
  );
  const [events, attempts, letters] = await Promise.all([
    allPages<{ event_id: string; status: EventStatus }>(services, workspaceId, "events"),
    allPages<{ event_id: string; attempt: number }>(services, workspaceId, "attempts"),
    allPages<{ event_id: string; reason: string }>(services, workspaceId, "dead-letters"),
  ]);
  return {
    workspaceId,
    events: events.map(({ event_id, status }) => ({ eventId: event_id, status })),
    attempts: attempts.map(({ event_id, attempt }) => ({ eventId: event_id, attempt })),
    deadLetters: letters.map(({ event_id, reason }) => ({ eventId: event_id, reason })),
  };
};

/** That nobody had subscribed to an event is listed some time after all before it are done. */
const isCurrent = async (services: Services, workspaceId: string): Promise<boolean> => {
  const page = await pageOf(services, workspaceId, "/events?status=pending&limit=1");
  return page.projection_lag === 0 && (page["events"] as unknown[]).length === 0;
};

const allPages = async <T>(
  services: Services,
  workspaceId: string,
  list: "events" | "attempts" | "dead-letters",
): Promise<T[]> => {
  const found: T[] = [];
  let cursor: string | null = "";
  while (cursor !== null) {
    const from: string = cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`;
    const page: Page = await pageOf(services, workspaceId, `/${list}?limit=200${from}`);
    found.push(...(page[list.replace("-", "_")] as T[]));
    cursor = page.next_cursor;
  }
  return found;
};

const pageOf = async (services: Services, workspaceId: string, path: string): Promise<Page> => {
  const { status, body } = await services.api("GET", path, undefined, workspaceId);
  if (status !== 200) throw new Error(`GET ${path}: ${status} ${JSON.stringify(body)}`);
  return body as Page;
};

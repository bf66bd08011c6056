import { attemptRecordSchema, type AttemptRecord } from "@ringback/contracts/deliveries/attempt";
import { deadLetterSchema, type DeadLetter } from "@ringback/contracts/deliveries/dead-letter";
import type { Subscription } from "@ringback/contracts/agents/subscription";
import { eventMessage, type EventAddress, type EventBody } from "@ringback/contracts/events/event";
import type { EventType } from "@ringback/contracts/events/event-types";
import { attemptSubject } from "@ringback/contracts/streams/subjects";
import { writeApiKeysFile, type ApiKeyRequest } from "../api-keys.ts";
import { eventually } from "../eventually.ts";
import { connectTo, type NatsClient } from "../nats/nats-client.ts";
import { headerKey, writeHeaderKeys } from "../header-keys.ts";
import { messagesOn } from "../nats/messages-on.ts";
import { startNatsServer, type NatsServer, type NatsServerOptions } from "../nats/nats-server.ts";
import { startService, type ServiceProcess } from "./service-process.ts";

export interface PlatformOptions {
  /** Each gets an API key with all scopes; `apiKeys` has `keys` after them. */
  workspaces?: readonly string[];
  keys?: readonly ApiKeyRequest[];
  /** For both services, on top of what lets deliveries go to receivers on loopback. */
  env?: Readonly<Record<string, string>>;
  /** On top of that. */
  dispatcherEnv?: Readonly<Record<string, string>>;
  /** How many dispatchers to start, or their entry file. */
  dispatchers?: number;
  dispatcherEntry?: string;
  subscriptionsEntry?: string;
  nats?: NatsServerOptions;
}

interface SubscriptionInput {
  event_type: EventType | EventType[];
  callback_url: string;
  headers?: Record<string, string>;
  method_type?: "POST" | "PUT" | "PATCH";
  delivery?: Subscription["delivery"];
  order?: Subscription["order"];
}

/** What an event needs; the rest is filled in. */
export interface EventInput {
  workspaceId?: string;
  callId: string;
  agentId?: string;
  eventType?: EventType;
  body?: EventBody;
  retryCount?: number;
}

export interface Answer {
  status: number;
  body: unknown;
}

/** nats-server, the subscriptions service and dispatchers as real processes, and hands to use them. */
export interface Platform extends Services {
  readonly server: NatsServer;
}

/** The services alone, on a NATS that somebody else has started and stops. */
export interface Services {
  readonly client: NatsClient;
  readonly subscriptions: ServiceProcess;
  /** The workspaces' API keys, in their order. */
  readonly apiKeys: readonly string[];
  /** `HEADER_ENCRYPTION_KEYS_FILE` of the services, unless `env` names another. */
  readonly headerKeysFile: string;
  /** The dispatchers that run; a test may stop one and start others. */
  readonly dispatchers: ServiceProcess[];
  startDispatcher(env?: Readonly<Record<string, string>>, entry?: string): Promise<ServiceProcess>;
  /** A call of the HTTP API with the workspace's key (w1 unless named). */
  api(method: string, path: string, body?: unknown, workspaceId?: string): Promise<Answer>;
  /** PATCH edit_event_subscriptions, which must be answered 200; agent a1 of w1 unless named. */
  subscribe(
    subscriptions: readonly SubscriptionInput[],
    at?: { agentId?: string; workspaceId?: string; mode?: "merge" | "replace" },
  ): Promise<void>;
  unsubscribe(
    types: readonly EventType[],
    at?: { agentId?: string; workspaceId?: string },
  ): Promise<void>;
  /** Publishes like a producer, with the message id of `eventMessage`; gives the event's sequence. */
  publish(event: EventInput): Promise<{ seq: number; duplicate: boolean; address: EventAddress }>;
  /** A delivery's records so far, oldest first. */
  attemptsOf(event: { seq: number; address: EventAddress }): Promise<AttemptRecord[]>;
  /** Waits until a delivery has at least `n` records. */
  attempted(
    event: { seq: number; address: EventAddress },
    n: number,
    timeoutMs?: number,
  ): Promise<AttemptRecord[]>;
  /** All dead letters so far. */
  deadLetters(): Promise<DeadLetter[]>;
  stop(): Promise<void>;
}

const LOOPBACK = { ALLOW_INSECURE_HTTP: "true", ALLOWED_PRIVATE_CIDRS: "127.0.0.0/8,::1/128" };

export async function startPlatform(options: PlatformOptions = {}): Promise<Platform> {
  const server = await startNatsServer(options.nats);
  const services = await startServices(server, options);
  return {
    ...services,
    server,
    stop: async () => {
      await services.stop();
      await server.stop();
    },
  };
}

/** `nats.url` may be several servers, separated by commas. */
export async function startServices(
  nats: { readonly url: string },
  options: Omit<PlatformOptions, "nats"> = {},
): Promise<Services> {
  const workspaces = options.workspaces ?? ["w1", "w2"];
  const own = workspaces.map((workspaceId) => ({ workspaceId, scopes: ["admin"] as const }));
  const keys = await writeApiKeysFile([...own, ...(options.keys ?? [])]);
  const entry = options.dispatcherEntry ?? "services/dispatcher/src/main.ts";
  const headerKeysFile = await writeHeaderKeys([headerKey("k1")]);
  const env = {
    NATS_URL: nats.url,
    ...LOOPBACK,
    ALLOW_PLAINTEXT_HEADERS: "false",
    HEADER_ENCRYPTION_KEYS_FILE: headerKeysFile,
    ...options.env,
  };
  const startDispatcher = (more = {}, other = entry): Promise<ServiceProcess> =>
    startService({ entry: other, env: { ...env, ...options.dispatcherEnv, ...more } });
  const [subscriptions, ...dispatchers] = await Promise.all([
    startService({
      entry: options.subscriptionsEntry ?? "services/subscriptions/src/main.ts",
      env: { ...env, API_KEYS_FILE: keys.file, AGENT_REGISTRATION: "automatic" },
    }),
    ...Array.from({ length: options.dispatchers ?? 1 }, () => startDispatcher()),
  ]);
  const client = await connectTo(nats);
  const call = apiCaller(subscriptions, new Map(workspaces.map((w, n) => [w, keys.keys[n] ?? ""])));
  const patch = async (body: object, workspaceId?: string): Promise<void> => {
    // A machine with too much to do answers 503 for a moment, as the API says of itself.
    const answer = await eventually(async () => {
      const given = await call("PATCH", "/agent/v1", body, workspaceId);
      return isOverloaded(given) ? null : given;
    });
    if (answer.status !== 200) throw new Error(`PATCH: ${JSON.stringify(answer)}, expected 200`);
  };
  const attemptsOf: Services["attemptsOf"] = ({ seq, address }) =>
    messagesOn(client, "ATTEMPTS", attemptSubject(address, String(seq)), (json) =>
      attemptRecordSchema.parse(json),
    );
  return {
    client,
    subscriptions,
    apiKeys: keys.keys,
    headerKeysFile,
    dispatchers,
    startDispatcher,
    api: call,
    subscribe: (list, { agentId = "a1", workspaceId, mode = "merge" } = {}) =>
      patch(
        {
          operation: "edit_event_subscriptions",
          agent_id: agentId,
          event_subscriptions: list,
          mode,
        },
        workspaceId,
      ),
    unsubscribe: (types, { agentId = "a1", workspaceId } = {}) =>
      patch(
        { operation: "remove_event_subscriptions", agent_id: agentId, event_types: types },
        workspaceId,
      ),
    publish: (event) => publish(client, event),
    attemptsOf,
    attempted: (event, n, timeoutMs = 30_000) =>
      eventually(
        async () => {
          const records = await attemptsOf(event);
          if (records.length < n) throw new Error(`${records.length} of ${n} attempts`);
          return records;
        },
        { timeoutMs, what: `${n} attempts` },
      ),
    deadLetters: () =>
      messagesOn(client, "DEAD_LETTERS", "dead_letters.>", (json) => deadLetterSchema.parse(json)),
    stop: async () => {
      await client.close();
      await Promise.all([subscriptions, ...dispatchers].map((service) => service.stop()));
    },
  };
}

const isOverloaded = ({ status, body }: Answer): boolean =>
  status === 503 && (body as { readonly code?: unknown } | undefined)?.code === "overloaded";

function apiCaller(service: ServiceProcess, keys: ReadonlyMap<string, string>): Services["api"] {
  return async (method, path, body, workspaceId = "w1") => {
    const answer = await fetch(service.httpUrl(`/ca/api/v0${path}`), {
      method,
      headers: { "x-api-key": keys.get(workspaceId) ?? "", "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, body: text === "" ? undefined : JSON.parse(text) };
  };
}

async function publish(
  client: NatsClient,
  event: EventInput,
): Promise<{ seq: number; duplicate: boolean; address: EventAddress }> {
  const { workspaceId = "w1", callId, agentId = "a1", eventType = "call_completed" } = event;
  const address = { workspaceId, callId, agentId, eventType };
  const body = event.body ?? { event_type: eventType, call_id: callId };
  const count = event.retryCount === undefined ? {} : { retryCount: event.retryCount };
  const message = eventMessage({ ...address, body, ...count });
  const ack = await client.js.publish(message.subject, message.body, { msgID: message.messageId });
  return { seq: ack.seq, duplicate: ack.duplicate, address };
}

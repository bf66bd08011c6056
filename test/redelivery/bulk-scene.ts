import type { RedeliveryJob } from "@ringback/contracts/deliveries/redelivery-job";
import { writeApiKeysFile } from "../harness/api-keys.ts";
import { status, type Script } from "../harness/receiver/behaviour.ts";
import { eventually } from "../harness/eventually.ts";
import { connectTo, type NatsClient } from "../harness/nats/nats-client.ts";
import { startNatsServer, type NatsServer } from "../harness/nats/nats-server.ts";
import { startReceiver, type Receiver } from "../harness/receiver/receiver.ts";
import { startService, type ServiceProcess } from "../harness/process/service-process.ts";
import { eventMessage } from "@ringback/contracts/events/event";

export interface JobAnswer extends Pick<
  RedeliveryJob,
  "redelivery_id" | "state" | "rate_per_second" | "created_at" | "since" | "until" | "status"
> {
  readonly found: number | null;
  readonly sent: number;
  readonly skipped: number;
  readonly delivered: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly waiting: number;
  readonly projection_lag: number;
}

export interface Told<T> {
  readonly status: number;
  readonly body: T;
  readonly headers: Headers;
}

/** A dispatcher, as many instances of the API as are started, and an endpoint that can be mended. */
export interface BulkScene {
  readonly server: NatsServer;
  readonly client: NatsClient;
  readonly receiver: Receiver;
  /** Those that run, in the order of their starts. */
  readonly apis: ServiceProcess[];
  readonly startApi: () => Promise<ServiceProcess>;
  /** A call of the API that was started last; w1's key with all scopes unless another is named. */
  readonly call: <T = JobAnswer>(
    method: string,
    path: string,
    body?: unknown,
    more?: { key?: string; headers?: Record<string, string> },
  ) => Promise<Told<T>>;
  /** Keys: all scopes of w1, all of w2, only read of w1. */
  readonly keys: readonly string[];
  /** Publishes events of w1 that all become dead letters after one attempt. */
  readonly makeDeadLetters: (agentId: string, n: number) => Promise<void>;
  /** From now on the endpoint takes everything. */
  readonly mendEndpoint: () => void;
  readonly create: (body: Record<string, unknown>) => Promise<JobAnswer>;
  readonly read: (id: string) => Promise<JobAnswer>;
  /** Waits until the job is in this state and nothing of it is under way. */
  readonly settled: (id: string, state: RedeliveryJob["state"], ms?: number) => Promise<JobAnswer>;
  /** How often each redelivered event reached the endpoint since it was mended. */
  readonly deliveredAgain: () => Map<string, number>;
  readonly stop: () => Promise<void>;
}

export const LONG_AGO = "2020-01-01T00:00:00Z";

/** Settings by which services send to the receiver on loopback. */
const LOOPBACK = { ALLOW_INSECURE_HTTP: "true", ALLOWED_PRIVATE_CIDRS: "127.0.0.0/8" };

export async function startBulkScene(): Promise<BulkScene> {
  const server = await startNatsServer();
  let isMended = false;
  let mendedAt = 0;
  const script: Script = () => status(isMended ? 200 : 500);
  const receiver = await startReceiver(script);
  const keysFile = await writeApiKeysFile([
    { workspaceId: "w1", scopes: ["read", "write", "admin"] },
    { workspaceId: "w2", scopes: ["read", "write", "admin"] },
    { workspaceId: "w1", scopes: ["read"] },
  ]);
  const env = { NATS_URL: server.url, ...LOOPBACK };
  const apis: ServiceProcess[] = [];
  const startApi = async (): Promise<ServiceProcess> => {
    const api = await startService({
      entry: "services/subscriptions/src/main.ts",
      env: { ...env, API_KEYS_FILE: keysFile.file, AGENT_REGISTRATION: "automatic" },
    });
    apis.push(api);
    return api;
  };
  const [, dispatcher] = await Promise.all([
    startApi(),
    startService({ entry: "services/dispatcher/src/main.ts", env }),
  ]);
  const client = await connectTo(server);
  const call: BulkScene["call"] = async (
    method: string,
    path: string,
    body?: unknown,
    { key = keysFile.keys[0] ?? "", headers = {} } = {},
  ) => {
    const url = apis.at(-1)!.httpUrl(`/ca/api/v0${path}`);
    const answer = await fetch(url, {
      method,
      headers: {
        "x-api-key": key,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    const json = text === "" ? undefined : JSON.parse(text);
    return { status: answer.status, body: json, headers: answer.headers };
  };
  const read = async (id: string): Promise<JobAnswer> => {
    const { status: code, body } = await call("GET", `/redeliveries/${id}`);
    if (code !== 200) throw new Error(`GET /redeliveries/${id}: ${code}`);
    return body;
  };
  return {
    server,
    client,
    receiver,
    apis,
    startApi,
    call,
    keys: keysFile.keys,
    makeDeadLetters: async (agentId, n) => {
      const callback_url = receiver.url(`/${agentId}`);
      const delivery = { retry_delays: [] };
      const subscribed = await call("PATCH", "/agent/v1", {
        operation: "edit_event_subscriptions",
        agent_id: agentId,
        event_subscriptions: [{ event_type: "call_completed", callback_url, delivery }],
      });
      if (subscribed.status !== 200) throw new Error(`PATCH: ${subscribed.status}`);
      const before = (await client.jsm.streams.info("DEAD_LETTERS")).state.messages;
      await publishMany(client, agentId, n);
      await eventually(
        async () => {
          const { state } = await client.jsm.streams.info("DEAD_LETTERS");
          if (state.messages < before + n) throw new Error(`${state.messages - before} of ${n}`);
          return true;
        },
        { what: `${n} dead letters`, timeoutMs: 120_000, intervalMs: 100 },
      );
    },
    mendEndpoint: () => {
      isMended = true;
      mendedAt = receiver.requests.length;
    },
    create: async (body) => {
      const created = await call("POST", "/redeliveries", body);
      if (created.status !== 202) throw new Error(`POST: ${JSON.stringify(created.body)}`);
      return created.body;
    },
    read,
    settled: (id, state, timeoutMs = 60_000) =>
      eventually(
        async () => {
          const job = await read(id);
          const isSettled = job.state === state && job.waiting === 0;
          if (!isSettled) throw new Error(JSON.stringify(job));
          return job;
        },
        { what: `job ${id} is ${state}`, timeoutMs, intervalMs: 100 },
      ),
    deliveredAgain: () => {
      const counts = new Map<string, number>();
      for (const { headers } of receiver.requests.slice(mendedAt)) {
        const id = String(headers["webhook-id"]);
        counts.set(id, (counts.get(id) ?? 0) + 1);
      }
      return counts;
    },
    stop: async () => {
      await client.close();
      await Promise.all([...apis, dispatcher].map((service) => service.stop()));
      await receiver.stop();
      await server.stop();
    },
  };
}

/** Publishes a few hundred at a time: each waits for its answer. */
async function publishMany(client: NatsClient, agentId: string, n: number): Promise<void> {
  const AT_ONCE = 500;
  for (let from = 0; from < n; from += AT_ONCE) {
    const some = Array.from({ length: Math.min(AT_ONCE, n - from) }, (_, k) => from + k);
    await Promise.all(
      some.map((k) => {
        const callId = `${agentId}-${k}`;
        const address = { workspaceId: "w1", agentId, callId } as const;
        const body = { event_type: "call_completed", call_id: callId };
        const message = eventMessage({ ...address, eventType: "call_completed", body });
        return client.js.publish(message.subject, message.body, { msgID: message.messageId });
      }),
    );
  }
}

/** How many records each redelivery of a job has, by its subject on ATTEMPTS. */
export async function recordsOfJob(
  { client }: Pick<BulkScene, "client">,
  id: string,
): Promise<Map<string, number>> {
  const info = await client.jsm.streams.info("ATTEMPTS", { subjects_filter: "attempts.>" });
  const subjects = Object.entries(info.state.subjects ?? {});
  return new Map(subjects.filter(([subject]) => subject.endsWith(`-${id}`)));
}

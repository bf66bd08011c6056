import { randomUUID } from "node:crypto";
import {
  AckPolicy,
  DeliverPolicy,
  jetstream,
  jetstreamManager,
  type JetStreamClient,
  type JetStreamManager,
  type JsMsg,
} from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { STREAMS } from "@ringback/contracts/streams/subjects";
import { request } from "undici";
import { bareDispatcher, headersFor } from "./bare-requests.ts";
import { answerCalls } from "./calls.ts";
import { agentOf, callbackUrl, type Crowd } from "./payload.ts";

export type BarePipelineCalls = {
  readonly connect: (input: { readonly url: string }) => Promise<void>;
  /** A durable consumer for what is published on EVENTS from now on. */
  readonly prepare: (input: undefined) => Promise<void>;
  /**
   * Posts the events to their endpoints, stores a record of each post with an expected sequence, then
   * acknowledges: what a dispatcher cannot do without, by the same libraries, and nothing else.
   */
  readonly deliver: (input: {
    readonly origins: readonly string[];
    readonly crowd: Crowd;
    readonly from: number;
    readonly count: number;
    readonly concurrency: number;
  }) => Promise<void>;
};

const NAME = "bare_pipeline";
const RECORDS = "BARE_RECORDS";

let js: JetStreamClient;
let jsm: JetStreamManager;

/** As large as the dispatcher's. */
const recordOf = ({ seq, subject }: JsMsg, url: string, startedMs: number): string =>
  JSON.stringify({
    event_id: `evt_bench_${seq}`,
    event_seq: seq,
    event_type: "call_completed",
    subject,
    attempt: 1,
    trigger: "event",
    at: new Date(startedMs).toISOString(),
    duration_ms: Date.now() - startedMs,
    request: { method: "POST", url },
    outcome: { kind: "delivered", status_code: 200 },
    response: { headers: { "content-length": "0", connection: "keep-alive" } },
    next: { kind: "done" },
  });

const deliverOne = async (message: JsMsg, url: string): Promise<void> => {
  const startedMs = Date.now();
  const response = await request(url, {
    dispatcher: bareDispatcher,
    method: "POST",
    headers: headersFor(message.seq),
    body: message.data,
  });
  await response.body.dump();
  if (response.statusCode !== 200) throw new Error(`${url}: status ${response.statusCode}`);
  await js.publish(
    `bare.records.${message.subject}.${message.seq}`,
    recordOf(message, url, startedMs),
    { msgID: randomUUID(), expect: { lastSubjectSequence: 0 } },
  );
  message.ack();
};

const calls: BarePipelineCalls = {
  connect: async ({ url }) => {
    const nc = await connect({ servers: url, name: "bench-bare-pipeline", noAsyncTraces: true });
    js = jetstream(nc);
    jsm = await jetstreamManager(nc);
    await jsm.streams.add({ name: RECORDS, subjects: ["bare.records.>"], allow_direct: true });
  },
  prepare: async () => {
    await jsm.streams.purge(RECORDS);
    await jsm.consumers.delete(STREAMS.events, NAME).catch(() => undefined);
    await jsm.consumers.add(STREAMS.events, {
      durable_name: NAME,
      ack_policy: AckPolicy.Explicit,
      deliver_policy: DeliverPolicy.New,
    });
  },
  deliver: async ({ origins, crowd, from, count, concurrency }) => {
    const consumer = await js.consumers.get(STREAMS.events, NAME);
    const messages = await consumer.consume({ max_messages: Math.max(256, concurrency) });
    const underWay = new Set<Promise<void>>();
    let n = from;
    for await (const message of messages) {
      const agent = agentOf(n, crowd);
      const one = deliverOne(message, callbackUrl(origins[agent % origins.length] ?? "", agent));
      const ended = one.finally(() => underWay.delete(ended));
      underWay.add(ended);
      n += 1;
      if (n === from + count) break;
      if (underWay.size >= concurrency) await Promise.race(underWay);
    }
    await Promise.all(underWay);
  },
};

answerCalls(calls);

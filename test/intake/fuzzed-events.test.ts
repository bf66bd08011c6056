import { MAX_EVENT_BYTES } from "@ringback/contracts/events/event";
import type { DeadLetter } from "@ringback/contracts/deliveries/dead-letter";
import { AGENT_EVENT_TYPES } from "@ringback/contracts/agents/workspace-agent";
import * as fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../harness/eventually.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { type Platform, startPlatform } from "../harness/process/platform.ts";
import { type Receiver, startReceiver } from "../harness/receiver/receiver.ts";
import { anyMessage } from "./arbitrary-messages.ts";
import { connectRaw, type RawPublisher } from "./raw-publisher.ts";
import { SUBSCRIBED, type AnyMessage } from "./right-events.ts";

failOnLeaks();

/** How many in all: `make fuzz-events` takes 20,000. */
const MESSAGES = Number(process.env["FUZZ_MESSAGES"] ?? "500");
const AT_ONCE = 500;

let platform: Platform;
let receiver: Receiver;
let producer: RawPublisher;

beforeAll(async () => {
  [platform, receiver] = await Promise.all([
    startPlatform({ nats: { maxPayloadBytes: 2 * MAX_EVENT_BYTES } }),
    startReceiver(),
  ]);
  producer = await connectRaw(platform.server);
  for (const agentId of SUBSCRIBED) {
    for (const workspaceId of ["w1", "w2"]) {
      await platform.subscribe(
        [{ event_type: [...AGENT_EVENT_TYPES], callback_url: receiver.url("/") }],
        {
          agentId,
          workspaceId,
        },
      );
    }
  }
});

afterAll(async () => {
  producer.close();
  await Promise.all([platform.stop(), receiver.stop()]);
});

type Stored = AnyMessage & { readonly seq: number };

const allDone = () =>
  eventually(
    async () => {
      const { num_pending, num_ack_pending } = await platform.client.jsm.consumers.info(
        "EVENTS",
        "dispatcher",
      );
      expect({ num_pending, num_ack_pending }).toEqual({ num_pending: 0, num_ack_pending: 0 });
    },
    { timeoutMs: 60_000, what: "every message is acknowledged" },
  );

/** Dead letters are read once each: `seenLetters` is the sequence up to which they were. */
let seenLetters = 0;
const newLetters = async (): Promise<Map<number, DeadLetter[]>> => {
  const bySeq = new Map<number, DeadLetter[]>();
  for (;;) {
    const query = { seq: seenLetters + 1, next_by_subj: "dead_letters.>" };
    const found = await platform.client.jsm.direct.getMessage("DEAD_LETTERS", query);
    if (found === null) return bySeq;
    seenLetters = found.seq;
    const letter = found.json<DeadLetter>();
    const seq = letter.event_seq ?? 0;
    bySeq.set(seq, [...(bySeq.get(seq) ?? []), letter]);
  }
};

const shown = ({ what, subject, headers, body, seq }: Stored): string =>
  `${what}, sequence ${seq}: ${subject.slice(0, 300)} ${JSON.stringify(headers.slice(0, 200))} ${Buffer.from(body.subarray(0, 2_000)).toString("latin1")}`;

/** What is not as it must be, of one message; the first thing found. */
const wrongWith = (
  message: Stored,
  letters: readonly DeadLetter[],
  bodies: readonly Buffer[],
): string | null => {
  const { problem, subject } = message;
  const found = letters.map((letter) => `${letter.reason}: ${letter.message}`);
  if (problem !== null) {
    const isTold = letters.length === 1 && letters[0]?.reason === "invalid_event";
    if (!isTold || !problem.test(letters[0]?.message ?? "")) return `letters ${found.join(" | ")}`;
    return bodies.length === 0 ? null : "it was delivered";
  }
  if (letters.length > 0) return `letters ${found.join(" | ")}`;
  const isOwed = SUBSCRIBED.some((agent) => agent === subject.split(".")[3]);
  if (bodies.length !== (isOwed ? 1 : 0)) return `delivered ${bodies.length} times`;
  return bodies.every((body) => Buffer.compare(body, message.body) === 0) ? null : "other bytes";
};

const playThrough = async (messages: readonly AnyMessage[]): Promise<void> => {
  const from = receiver.requests.length;
  const stored = await Promise.all(
    messages.map(async (message): Promise<Stored> => {
      const { seq } = await producer.publish(message.subject, message.headers, message.body);
      return { ...message, seq };
    }),
  );
  await allDone();
  const letters = await newLetters();
  const delivered = Map.groupBy(receiver.requests.slice(from), ({ headers }) =>
    Number(String(headers["webhook-id"]).split("_")[2]),
  );
  for (const message of stored) {
    const bodies = (delivered.get(message.seq) ?? []).map(({ body }) => body);
    const wrong = wrongWith(message, letters.get(message.seq) ?? [], bodies);
    if (wrong !== null) throw new Error(`${wrong}; ${shown(message)}`);
  }
};

test(
  `of ${MESSAGES} arbitrary messages every event is delivered as it is and every other one is explained`,
  async () => {
    const batch = fc.array(anyMessage, { minLength: AT_ONCE, maxLength: AT_ONCE });
    await fc.assert(fc.asyncProperty(batch, playThrough), {
      numRuns: Math.max(1, Math.round(MESSAGES / AT_ONCE)),
      endOnFailure: true, // the message is in the error; to shrink 500 of them takes hours
      verbose: fc.VerbosityLevel.None,
    });

    const dispatcher = platform.dispatchers[0]!;
    expect((await dispatcher.get("/livez")).status).toBe(200);
    const metrics = await dispatcher.metrics();
    expect(metrics.value("ringback_own_faults_total")).toBe(0);
    expect(dispatcher.logs.filter(({ level }) => level === "error")).toEqual([]);
    const next = await platform.publish({ callId: "after-all", agentId: SUBSCRIBED[0] });
    expect(await platform.attempted(next, 1)).toMatchObject([{ outcome: { kind: "delivered" } }]);
  },
  20_000 + MESSAGES * 15,
);

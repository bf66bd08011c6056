import * as fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { newestOfSubjects } from "../../services/subscriptions/src/streams/newest.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { connectTo, type NatsClient } from "../harness/nats/nats-client.ts";
import { type NatsServer, startNatsServer } from "../harness/nats/nats-server.ts";

failOnLeaks();

let server: NatsServer;
let client: NatsClient;
beforeAll(async () => {
  server = await startNatsServer();
  client = await connectTo(server);
  await client.jsm.streams.add({ name: "EVENTS", subjects: ["events.>"], allow_direct: true });
});
afterAll(async () => {
  await client.close();
  await server.stop();
});

const SUBJECTS = 3;
const message = fc.record({ on: fc.nat(SUBJECTS), bytes: fc.integer({ min: 0, max: 300 }) });
const stored = fc.array(message, { minLength: 0, maxLength: 60 });

let calls = 0;

test("pages over some subjects have every message once, newest first, within their limits", async () => {
  const property = fc.asyncProperty(
    stored,
    fc.integer({ min: 1, max: 12 }),
    fc.integer({ min: 1, max: 1_500 }),
    async (messages, limit, maxBytes) => {
      calls += 1;
      const subjects = Array.from({ length: SUBJECTS }, (_, n) => `events.w.${calls}.${n}`);
      const wanted: number[] = [];
      for (const { on, bytes } of messages) {
        // The last number is a subject that is not asked for, in between.
        const subject = subjects[on] ?? `events.w.beside.${calls}`;
        const { seq } = await client.js.publish(subject, "x".repeat(bytes));
        if (on < SUBJECTS) wanted.unshift(seq);
      }
      const seen: number[] = [];
      let beforeSeq: number | undefined;
      for (let pages = 0; pages <= wanted.length; pages += 1) {
        const query = { stream: "EVENTS", beforeSeq, limit, maxBytes } as const;
        const page = await newestOfSubjects(natsOf(client), subjects, query);
        const sizes = page.messages.map(({ data }) => data.byteLength);
        expect(sizes.length).toBeLessThanOrEqual(limit);
        const total = sizes.reduce((sum, one) => sum + one, 0);
        expect(sizes.length === 1 || total <= maxBytes).toBe(true);
        seen.push(...page.messages.map(({ seq }) => seq));
        if (!page.hasOlder) break;
        beforeSeq = page.messages.at(-1)?.seq;
      }
      expect(seen).toEqual(wanted);
    },
  );
  await fc.assert(property, { numRuns: 60 });
});

const natsOf = ({ nc, js, jsm }: NatsClient) => ({
  connection: nc,
  js,
  jsm,
  isConnected: () => true,
  leave: () => undefined,
  refreshPayloadLimit: () => undefined,
  problem: () => undefined,
});

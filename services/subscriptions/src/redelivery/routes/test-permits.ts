import type { FastifyReply } from "fastify";
import type { ServerResponse } from "node:http";
import { attemptRecordSchema } from "@ringback/contracts/deliveries/attempt";
import { z } from "zod";
import type { Api } from "../../http/api.ts";
import { sendProblem, type Problem } from "../../http/problem.ts";
import { workspacePermits, type PermitBounds } from "../../http/workspace-permits.ts";
import type { sendTestEvent } from "../test-events/send-test-event.ts";

/** Each holds a connection for as long as an endpoint may take. */
const AT_ONCE: PermitBounds = { inAll: 200, perWorkspace: 10 };

const TOO_MANY: Problem = {
  code: "too_many_test_events",
  detail: `At most ${AT_ONCE.perWorkspace} test events of a workspace may be under way: wait for one to end.`,
};

export const testedSchema = z.object({
  event_id: z.string(),
  attempt: attemptRecordSchema.nullable().meta({
    description: "What the request came to, as it was recorded; null: it was not made in time",
  }),
});

type Test = {
  readonly workspaceId: string;
  /** How long to wait for the attempt. */
  readonly waitMs: number;
  readonly send: (closed: AbortSignal) => ReturnType<typeof sendTestEvent>;
};

/** Runs test events of agents and endpoints, at most so many at once, and responds with what each came to. */
export type TestPermits = {
  readonly run: (reply: FastifyReply, test: Test) => Promise<FastifyReply>;
};

export const testPermits = (api: Pick<Api, "addHook">): TestPermits => {
  const acquire = workspacePermits(AT_ONCE);
  const closing = new AbortController();
  // The event is stored and will be attempted: a process that stops waits for no endpoint.
  api.addHook("preClose", async () => closing.abort());
  return {
    run: async (reply, { workspaceId, waitMs, send }) => {
      const release = acquire(workspaceId);
      if (release === undefined) return sendProblem(reply, TOO_MANY);
      try {
        const closed = AbortSignal.any([whenClosed(reply.raw, waitMs), closing.signal]);
        const { eventId: event_id, record } = await send(closed);
        const code = record === undefined ? 202 : 200;
        return await reply.code(code).send({ event_id, attempt: record ?? null });
      } finally {
        release();
      }
    },
  };
};

/** More than writing the response takes. */
const SILENCE_MARGIN_MS = 10_000;

/** Keeps the silent connection open while the endpoint works; aborted when the caller closes it. */
const whenClosed = (response: ServerResponse, waitMs: number): AbortSignal => {
  const closed = new AbortController();
  response.setTimeout(waitMs + SILENCE_MARGIN_MS);
  response.once("close", () => closed.abort());
  return closed.signal;
};

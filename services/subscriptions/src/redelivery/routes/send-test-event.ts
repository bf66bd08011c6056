import type { ServerResponse } from "node:http";
import { attemptRecordSchema } from "@ringback/contracts/deliveries/attempt";
import { eventTypeSchema } from "@ringback/contracts/events/event-types";
import { z } from "zod";
import { callerOf } from "../../http/auth/caller.ts";
import { refuseUnknownTypes, type DefineDeps } from "../../event-types/define-type.ts";
import { agentNotFound, problemResponses, sendProblem, type Problem } from "../../http/problem.ts";
import { workspacePermits, type PermitBounds } from "../../http/workspace-permits.ts";
import { noQuerySchema } from "../../http/pagination.ts";
import { sendTestEvent, testWaitMs } from "../test-events/send-test-event.ts";
import { agentPathSchema } from "../../http/field-schemas.ts";
import type { Api } from "../../http/api.ts";
import {
  NOT_TESTED_EXAMPLES,
  TEST_EVENT_EXAMPLES,
  TESTED_EXAMPLES,
} from "./redelivery-examples.ts";
import type { AgentStore } from "../../agents/agent-commands.ts";
import type { RedeliveryDeps } from "../deps.ts";

/** Each holds a connection for as long as an endpoint may take. */
const AT_ONCE: PermitBounds = { inAll: 200, perWorkspace: 10 };

const responseSchema = z.object({
  event_id: z.string(),
  attempt: attemptRecordSchema.nullable().meta({
    description: "What the request came to, as it was recorded; null: it was not made in time",
  }),
});

const bodySchema = z
  .strictObject({ event_type: eventTypeSchema })
  .meta({ "x-examples": TEST_EVENT_EXAMPLES });

const TOO_MANY: Problem = {
  code: "too_many_test_events",
  detail: `At most ${AT_ONCE.perWorkspace} test events of a workspace may be under way: wait for one to end.`,
};

export type SendTestEventDeps = {
  readonly store: Pick<AgentStore, "read">;
  readonly redelivery: RedeliveryDeps;
  readonly eventTypes: DefineDeps;
};

/** `POST /agent/v1/{agent_id}/test-event`: sends a sample, and responds with the outcome of its attempt. */
export const sendTestEventRoute = (
  api: Api,
  { store, redelivery, eventTypes }: SendTestEventDeps,
): void => {
  const acquire = workspacePermits(AT_ONCE);
  const closing = new AbortController();
  // The event is stored and will be attempted: a process that stops waits for no endpoint.
  api.addHook("preClose", async () => closing.abort());
  api.post(
    "/agent/v1/:agent_id/test-event",
    {
      config: {
        scope: "write",
        documented: {
          problems: ["agent_not_found", "subscription_not_found", "too_many_test_events"],
        },
      },
      schema: {
        operationId: "sendTestEvent",
        summary: "Try an endpoint",
        description:
          "Sends a realistic event to the agent's endpoint, marked as a test, and answers with what its one attempt came to: 200 also when the endpoint failed, 202 when it was not attempted in time.",
        tags: ["Redelivery"],
        params: agentPathSchema,
        querystring: noQuerySchema,
        body: bodySchema,
        response: {
          200: responseSchema.meta({ "x-examples": TESTED_EXAMPLES }),
          202: responseSchema.meta({ "x-examples": NOT_TESTED_EXAMPLES }),
          ...problemResponses,
        },
      },
    },
    async (request, reply) => {
      const { agent_id: agentId } = request.params;
      const { event_type: eventType } = request.body;
      const { workspaceId } = callerOf(request);
      const { state } = await store.read({ workspaceId, agentId });
      if (state.kind === "absent") return sendProblem(reply, agentNotFound(agentId));
      const subscription = state.agent.event_subscriptions.find((s) => s.event_type === eventType);
      if (subscription === undefined) {
        await refuseUnknownTypes(workspaceId, [{ eventType, path: "event_type" }], eventTypes);
        const detail = `Agent '${agentId}' has no subscription for ${eventType}: nothing was sent.`;
        return sendProblem(reply, { code: "subscription_not_found", detail });
      }
      const release = acquire(workspaceId);
      if (release === undefined) return sendProblem(reply, TOO_MANY);
      try {
        const waitMs = testWaitMs(subscription);
        const closed = AbortSignal.any([whenClosed(reply.raw, waitMs), closing.signal]);
        const { example } = eventTypes.index.ownTypes.find(workspaceId, eventType) ?? {};
        const wanted = { workspaceId, agentId, eventType, example, waitMs, closed };
        const { eventId: event_id, record } = await sendTestEvent(wanted, redelivery);
        const code = record === undefined ? 202 : 200;
        return await reply.code(code).send({ event_id, attempt: record ?? null });
      } finally {
        release();
      }
    },
  );
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

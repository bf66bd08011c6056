import { eventTypeSchema } from "@ringback/contracts/events/event-types";
import { z } from "zod";
import { callerOf } from "../../http/auth/caller.ts";
import { refuseUnknownTypes, type DefineDeps } from "../../event-types/define-type.ts";
import { agentNotFound, problemResponses, sendProblem } from "../../http/problem.ts";
import { testedSchema, type TestPermits } from "./test-permits.ts";
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

const bodySchema = z
  .strictObject({ event_type: eventTypeSchema })
  .meta({ "x-examples": TEST_EVENT_EXAMPLES });

export type SendTestEventDeps = {
  readonly store: Pick<AgentStore, "read">;
  readonly redelivery: RedeliveryDeps;
  readonly eventTypes: DefineDeps;
  readonly permits: TestPermits;
};

/** `POST /agent/v1/{agent_id}/test-event`: sends a sample, and responds with the outcome of its attempt. */
export const sendTestEventRoute = (
  api: Api,
  { store, redelivery, eventTypes, permits }: SendTestEventDeps,
): void => {
  api.post(
    "/agent/v1/:agent_id/test-event",
    {
      config: {
        permission: "test",
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
          200: testedSchema.meta({ "x-examples": TESTED_EXAMPLES }),
          202: testedSchema.meta({ "x-examples": NOT_TESTED_EXAMPLES }),
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
      const waitMs = testWaitMs(subscription);
      const { example } = eventTypes.index.ownTypes.find(workspaceId, eventType) ?? {};
      const wanted = { workspaceId, agentId, eventType, example, waitMs };
      const send = (closed: AbortSignal) => sendTestEvent({ ...wanted, closed }, redelivery);
      return permits.run(reply, { workspaceId, waitMs, send });
    },
  );
};

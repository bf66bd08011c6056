import { isWorkspaceEventType, WORKSPACE_AGENT } from "@ringback/contracts/agents/workspace-agent";
import { ALL, choosesType, type Endpoint } from "@ringback/contracts/endpoints/endpoint";
import { knownTypesOf } from "@ringback/contracts/events/event-check";
import { eventTypeSchema, type EventType } from "@ringback/contracts/events/event-types";
import { z } from "zod";
import { addressIn, type EndpointStore } from "../../endpoints/endpoint-commands.ts";
import { refuseUnknownTypes, type DefineDeps } from "../../event-types/define-type.ts";
import { callerOf } from "../../http/auth/caller.ts";
import type { Api } from "../../http/api.ts";
import { endpointPathSchema } from "../../http/field-schemas.ts";
import { noQuerySchema } from "../../http/pagination.ts";
import { endpointNotFound, problemResponses, sendProblem } from "../../http/problem.ts";
import { invalidRequest } from "../../http/refused-error.ts";
import type { RedeliveryDeps } from "../deps.ts";
import { sendTestEvent, testWaitMs } from "../test-events/send-test-event.ts";
import {
  NOT_TESTED_EXAMPLES,
  TEST_EVENT_EXAMPLES,
  TESTED_EXAMPLES,
} from "./redelivery-examples.ts";
import { DISPATCHERS_OUTDATED } from "./rejection-problem.ts";
import { testedSchema, type TestPermits } from "./test-permits.ts";

const bodySchema = z
  .strictObject({
    event_type: eventTypeSchema.optional().meta({
      description: "One of its event types; without it, the first of them",
    }),
  })
  .nullish()
  .meta({ "x-examples": TEST_EVENT_EXAMPLES });

export type SendEndpointTestDeps = {
  readonly store: Pick<EndpointStore, "read">;
  readonly redelivery: RedeliveryDeps;
  readonly eventTypes: DefineDeps;
  readonly permits: TestPermits;
  readonly allKnowEndpoints: () => boolean;
};

/** `POST /endpoints/{endpoint_id}/test-event`: sends a sample to it alone, and responds with its attempt's outcome. */
export const sendEndpointTestRoute = (
  api: Api,
  { store, redelivery, eventTypes, permits, allKnowEndpoints }: SendEndpointTestDeps,
): void => {
  api.post(
    "/endpoints/:endpoint_id/test-event",
    {
      config: {
        permission: "test",
        bodyMayBeEmpty: true,
        documented: {
          problems: [
            "endpoint_not_found",
            "endpoint_disabled",
            "dispatchers_outdated",
            "too_many_test_events",
          ],
        },
      },
      schema: {
        operationId: "testEndpoint",
        summary: "Try an endpoint of the workspace",
        description:
          "Sends a realistic event to this endpoint alone, also while it is paused, and answers with what its one attempt came to: 200 also when the endpoint failed, 202 when it was not attempted in time.",
        tags: ["Endpoints"],
        params: endpointPathSchema,
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
      const { endpoint_id: named } = request.params;
      const { workspaceId } = callerOf(request);
      const { state } = await store.read(addressIn(workspaceId, named));
      if (state.kind === "absent") return sendProblem(reply, endpointNotFound(named));
      const { endpoint } = state;
      if (endpoint.switch === "disabled") {
        const detail = `Endpoint '${named}' is disabled: nothing was sent.`;
        return sendProblem(reply, { code: "endpoint_disabled", detail });
      }
      if (!allKnowEndpoints()) return sendProblem(reply, DISPATCHERS_OUTDATED);
      const eventType = await typeToTest(endpoint, request.body?.event_type, eventTypes);
      const waitMs = testWaitMs(endpoint);
      const { example } = eventTypes.index.ownTypes.find(workspaceId, eventType) ?? {};
      const { endpoint_id: endpointId } = endpoint;
      const agentId = agentToTest(endpoint, eventType);
      const wanted = { workspaceId, agentId, eventType, endpointId, example, waitMs };
      const send = (closed: AbortSignal) => sendTestEvent({ ...wanted, closed }, redelivery);
      return permits.run(reply, { workspaceId, waitMs, send });
    },
  );
};

/** Stands for an agent where an endpoint is for all of them. */
const ANY_AGENT = "test-agent";

const agentToTest = ({ agents: [first = ALL] }: Endpoint, eventType: EventType): string => {
  if (isWorkspaceEventType(eventType)) return WORKSPACE_AGENT;
  return first === ALL ? ANY_AGENT : first;
};

/** The type that was asked for, or the first that the endpoint is for. Throws a RefusedError for any other type. */
const typeToTest = async (
  endpoint: Endpoint,
  wanted: EventType | undefined,
  eventTypes: DefineDeps,
): Promise<EventType> => {
  const { workspace_id: workspaceId, event_types } = endpoint;
  const { ownTypes } = eventTypes.index;
  const own = ownTypes.list(workspaceId).map(({ event_type }) => event_type);
  const inFull = event_types.filter((pattern) => !pattern.includes("*"));
  const all = ["call_completed", ...inFull, ...knownTypesOf(eventTypes.rules), ...own];
  const eventType = wanted ?? all.find((type) => choosesType(endpoint, type));
  if (eventType !== undefined) {
    const path = "event_type";
    await refuseUnknownTypes(workspaceId, [{ eventType, path }], eventTypes);
    if (choosesType(endpoint, eventType)) return eventType;
  }
  const message = `must be one that the endpoint is for: ${event_types.join(", ")}`;
  throw invalidRequest([{ path: "event_type", message }]);
};

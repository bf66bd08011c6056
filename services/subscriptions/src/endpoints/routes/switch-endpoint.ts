import { WHILE_OFF } from "@ringback/contracts/endpoints/endpoint";
import type { FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import { callerOf } from "../../http/auth/caller.ts";
import type { Api } from "../../http/api.ts";
import { endpointPathSchema } from "../../http/field-schemas.ts";
import { problemResponses } from "../../http/problem.ts";
import { addressIn } from "../endpoint-commands.ts";
import type { SwitchOperation } from "../decide/switch.ts";
import { DISABLE_EXAMPLES, SWITCHED_OFF_EXAMPLES } from "./switch-examples.ts";
import { endpointResponse, endpointResponseSchema } from "./endpoint-response.ts";
import { runEndpointCommand, type EndpointCommands } from "./run-endpoint-command.ts";

const CHANGE_PROBLEMS = [
  "endpoint_not_found",
  "conflict",
  "configuration_too_large",
  "too_many_changes",
] as const;

type SwitchProblem = "endpoint_disabled" | "dispatchers_outdated" | "too_many_redeliveries";

/** What every call that switches an endpoint has in common. */
export const switchConfig = (...problems: readonly SwitchProblem[]) => ({
  permission: "endpoints" as const,
  bodyMayBeEmpty: true,
  documented: {
    problems: [...CHANGE_PROBLEMS, ...problems],
    takes: ["If-Match", "Idempotency-Key"] as const,
    gives: ["ETag", "Idempotency-Replayed"] as const,
  },
});

const OFF = {
  tags: ["Endpoints"],
  params: endpointPathSchema,
  response: {
    200: endpointResponseSchema.meta({ "x-examples": SWITCHED_OFF_EXAMPLES }),
    ...problemResponses,
  },
};

const pauseSchema = z
  .strictObject({})
  .nullish()
  .meta({
    "x-examples": { none: { summary: "It needs no body", value: {} } },
  });

const disableSchema = z
  .strictObject({
    events: z.enum(WHILE_OFF).default("discard").meta({
      description: "Of events meanwhile: `discard` leaves them undelivered, `hold` holds them",
    }),
  })
  .nullish()
  .meta({ "x-examples": DISABLE_EXAMPLES });

/** `POST /endpoints/{endpoint_id}/pause` and `/disable`: nothing is sent to it from then on. */
export const switchOffRoutes = (api: Api, endpoints: EndpointCommands): void => {
  api.post(
    "/endpoints/:endpoint_id/pause",
    {
      config: switchConfig("endpoint_disabled"),
      schema: {
        ...OFF,
        operationId: "pauseEndpoint",
        summary: "Pause an endpoint",
        description: "Its events are held from then on, until it is resumed.",
        body: pauseSchema,
      },
    },
    async (request, reply) => {
      const operation = { name: "pause" } as const;
      return (await switchTo(request, request.params.endpoint_id, operation, { reply, endpoints }))
        .response;
    },
  );
  api.post(
    "/endpoints/:endpoint_id/disable",
    {
      config: switchConfig(),
      schema: {
        ...OFF,
        operationId: "disableEndpoint",
        summary: "Disable an endpoint",
        description:
          "Deliveries to it that are under way end as `cancelled`. Events meanwhile are discarded, unless they are to be held.",
        body: disableSchema,
      },
    },
    async (request, reply) => {
      const operation = { name: "disable", events: request.body?.events ?? "discard" } as const;
      return (await switchTo(request, request.params.endpoint_id, operation, { reply, endpoints }))
        .response;
    },
  );
};

type SwitchDeps = {
  readonly reply: Pick<FastifyReply, "header">;
  readonly endpoints: EndpointCommands;
};

/** Switches an endpoint as a request asks for. Throws a RefusedError where that is not done. */
export const switchTo = async (
  request: FastifyRequest,
  idOrUid: string,
  operation: SwitchOperation,
  { reply, endpoints }: SwitchDeps,
) => {
  const caller = callerOf(request);
  const { workspaceId: workspace_id } = caller;
  const { endpointId: endpoint_id } = addressIn(workspace_id, idOrUid);
  const endpoint = { workspace_id, endpoint_id };
  const command = { kind: "switch_endpoint", endpoint, operation } as const;
  const ran = await runEndpointCommand(request, reply, command, endpoints);
  return {
    response: endpointResponse(ran.endpoint, ran.version, caller),
    heldSince: ran.heldSince,
  };
};

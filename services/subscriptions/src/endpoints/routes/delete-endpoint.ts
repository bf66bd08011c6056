import { z } from "zod";
import { callerOf } from "../../http/auth/caller.ts";
import type { Api } from "../../http/api.ts";
import { endpointPathSchema } from "../../http/field-schemas.ts";
import { problemResponses } from "../../http/problem.ts";
import { addressIn } from "../endpoint-commands.ts";
import { runDeletion, type EndpointCommands } from "./run-endpoint-command.ts";

/** `DELETE /endpoints/{endpoint_id}`: removes the endpoint; its history stays. */
export const deleteEndpointRoute = (api: Api, endpoints: EndpointCommands): void => {
  api.delete(
    "/endpoints/:endpoint_id",
    {
      config: {
        permission: "endpoints",
        documented: {
          problems: ["endpoint_not_found", "conflict", "too_many_changes"],
          takes: ["If-Match", "Idempotency-Key"],
          gives: ["Idempotency-Replayed"],
        },
      },
      schema: {
        operationId: "deleteEndpoint",
        summary: "Delete an endpoint",
        description:
          "Deliveries to it that are under way end as `cancelled`. Its history stays, and its `uid` may be used again.",
        tags: ["Endpoints"],
        params: endpointPathSchema,
        response: { 204: z.undefined(), ...problemResponses },
      },
    },
    async (request, reply) => {
      const { workspaceId: workspace_id } = callerOf(request);
      const { endpointId: endpoint_id } = addressIn(workspace_id, request.params.endpoint_id);
      const endpoint = { workspace_id, endpoint_id };
      await runDeletion(request, reply, { kind: "delete_endpoint", endpoint }, endpoints);
      return reply.code(204).send();
    },
  );
};

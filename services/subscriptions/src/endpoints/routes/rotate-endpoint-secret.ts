import { z } from "zod";
import {
  newKeyResponse,
  refuseOtherScheme,
  rotationFields,
  rotationOf,
} from "../../commands/routes/rotation-fields.ts";
import { callerOf } from "../../http/auth/caller.ts";
import type { Api } from "../../http/api.ts";
import { endpointPathSchema } from "../../http/field-schemas.ts";
import { problemResponses } from "../../http/problem.ts";
import { addressIn } from "../endpoint-commands.ts";
import { ROTATE_EXAMPLES, ROTATED_EXAMPLES } from "./switch-examples.ts";
import { endpointResponse, endpointWithKeySchema } from "./endpoint-response.ts";
import { runEndpointCommand, type EndpointCommands } from "./run-endpoint-command.ts";

const rotationSchema = z.strictObject(rotationFields).superRefine(refuseOtherScheme);

const bodySchema = rotationSchema.nullish().meta({ "x-examples": ROTATE_EXAMPLES });

/** `POST /endpoints/{endpoint_id}/rotate-secret`: another signing secret; those before sign on for a while. */
export const rotateEndpointSecretRoute = (api: Api, endpoints: EndpointCommands): void => {
  api.post(
    "/endpoints/:endpoint_id/rotate-secret",
    {
      config: {
        permission: "secrets",
        bodyMayBeEmpty: true,
        documented: {
          problems: [
            "endpoint_not_found",
            "too_many_signing_secrets",
            "conflict",
            "configuration_too_large",
            "too_many_changes",
          ],
          takes: ["If-Match", "Idempotency-Key"],
          gives: ["ETag", "Idempotency-Replayed"],
        },
      },
      schema: {
        operationId: "rotateEndpointSecret",
        summary: "Rotate an endpoint's signing secret",
        description:
          "The response shows the new secret, this once. Those before sign beside it for `overlap`; at most four sign at once.",
        tags: ["Endpoints"],
        params: endpointPathSchema,
        body: bodySchema,
        response: {
          200: endpointWithKeySchema.meta({ "x-examples": ROTATED_EXAMPLES }),
          ...problemResponses,
        },
      },
    },
    async (request, reply) => {
      const caller = callerOf(request);
      const { workspaceId: workspace_id } = caller;
      const { endpointId: endpoint_id } = addressIn(workspace_id, request.params.endpoint_id);
      const rotation = rotationOf(request.body ?? rotationSchema.parse({}), endpoints.now());
      const endpoint = { workspace_id, endpoint_id };
      const command = { kind: "rotate_endpoint_secret", endpoint, ...rotation } as const;
      const ran = await runEndpointCommand(request, reply, command, endpoints);
      return {
        ...endpointResponse(ran.endpoint, ran.version, caller),
        // A repeated response has no key: the one that this request made is not stored.
        ...(!ran.isRepeat && newKeyResponse(rotation.key)),
      };
    },
  );
};

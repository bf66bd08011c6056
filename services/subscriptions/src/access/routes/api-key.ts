import { z } from "zod";
import type { Api } from "../../http/api.ts";
import { callerOf } from "../../http/auth/caller.ts";
import { problemResponses, sendProblem } from "../../http/problem.ts";
import { noQuerySchema } from "../../http/pagination.ts";
import { KEY_EXAMPLES, ROTATE_EXAMPLES, ROTATED_EXAMPLES } from "./key-examples.ts";
import {
  changeableKey,
  keyProblem,
  keyResponse,
  keyWithSecret,
  onceIn,
  visibleKey,
  type KeysDeps,
} from "./key-response.ts";
import { keyPathSchema, keySchema, keyWithSecretSchema, rotateKeySchema } from "./key-schemas.ts";

/** The calls about one key. */
export const apiKeyRoutes = (api: Api, deps: KeysDeps): void => {
  readRoute(api, deps);
  deleteRoute(api, deps);
  rotateRoute(api, deps);
};

/** `GET /api-keys/{key_id}`: a key, without its secret. */
const readRoute = (api: Api, deps: KeysDeps): void => {
  api.get(
    "/api-keys/:key_id",
    {
      config: {
        permission: "admin",
        workspace: "or_all",
        documented: { problems: ["key_not_found"] },
      },
      schema: {
        operationId: "getApiKey",
        summary: "Read a key",
        description: "What it may do, who made it, and when it ends. Never its secret.",
        tags: ["Access"],
        params: keyPathSchema,
        querystring: noQuerySchema,
        response: { 200: keySchema.meta({ "x-examples": KEY_EXAMPLES }), ...problemResponses },
      },
    },
    async (request) => keyResponse(await visibleKey(request, request.params.key_id, deps)),
  );
};

/** `DELETE /api-keys/{key_id}`: it counts no more, and neither does any session that it made. */
const deleteRoute = (api: Api, deps: KeysDeps): void => {
  api.delete(
    "/api-keys/:key_id",
    {
      config: {
        permission: "admin",
        workspace: "or_all",
        documented: { problems: ["key_not_found", "key_in_file"] },
      },
      schema: {
        operationId: "deleteApiKey",
        summary: "Delete a key",
        description:
          "It counts no more, in any instance, within a second; portal sessions that it made end with it. A key of the operator's file is removed there.",
        tags: ["Access"],
        params: keyPathSchema,
        querystring: noQuerySchema,
        response: { 204: z.undefined(), ...problemResponses },
      },
    },
    async (request, reply) => {
      const { key_id } = await changeableKey(request, request.params.key_id, deps);
      const { workspaceId, actor } = callerOf(request);
      if (await deps.keys.remove(workspaceId, key_id, actor)) return reply.code(204).send();
      return sendProblem(reply, keyProblem({ kind: "key_not_found" }, key_id));
    },
  );
};

const rotationSchema = rotateKeySchema.nullish().meta({ "x-examples": ROTATE_EXAMPLES });

/** `POST /api-keys/{key_id}/rotate`: another secret of the same key. */
const rotateRoute = (api: Api, deps: KeysDeps): void => {
  api.post(
    "/api-keys/:key_id/rotate",
    {
      config: {
        permission: "admin",
        workspace: "or_all",
        bodyMayBeEmpty: true,
        documented: {
          problems: [
            "key_not_found",
            "key_in_file",
            "key_expired",
            "too_many_key_secrets",
            "conflict",
            "too_many_changes",
          ],
          takes: ["Idempotency-Key"],
          gives: ["Idempotency-Replayed"],
        },
      },
      schema: {
        operationId: "rotateApiKey",
        summary: "Rotate a key",
        description:
          "The response shows the key with its new secret, this once. Its id and what it may do stay. The secret before counts until `overlap` is over; without one it ends at once.",
        tags: ["Access"],
        params: keyPathSchema,
        querystring: noQuerySchema,
        body: rotationSchema,
        response: {
          200: keyWithSecretSchema.meta({ "x-examples": ROTATED_EXAMPLES }),
          ...problemResponses,
        },
      },
    },
    async (request, reply) => {
      // A header that cannot be taken is refused first, as by every call that reads it.
      const once = onceIn(request);
      const { key_id } = await changeableKey(request, request.params.key_id, deps);
      const { overlap } = request.body ?? rotateKeySchema.parse({});
      const { workspaceId } = callerOf(request);
      const rotated = await deps.keys.rotate(workspaceId, key_id, overlap, once);
      if (rotated.kind !== "key") return sendProblem(reply, keyProblem(rotated, key_id));
      if (rotated.token === undefined) reply.header("idempotency-replayed", "true");
      return keyWithSecret(rotated, deps);
    },
  );
};

import type { FastifyRequest } from "fastify";
import type { z } from "zod";
import { BASE_PATH, type Api } from "../../http/api.ts";
import { callerOf } from "../../http/auth/caller.ts";
import { problemResponses, sendProblem } from "../../http/problem.ts";
import { noQuerySchema } from "../../http/pagination.ts";
import { isWithin } from "../../sight/decide/sight.ts";
import { excessOf } from "../grant.ts";
import { CREATE_EXAMPLES, CREATED_EXAMPLES, KEYS_EXAMPLES } from "./key-examples.ts";
import {
  keyProblem,
  keyResponse,
  keyWithSecret,
  onceIn,
  workspaceOfNewKey,
  type KeysDeps,
} from "./key-response.ts";
import {
  createKeySchema,
  keyCursor,
  keysResponseSchema,
  keyWithSecretSchema,
  listKeysSchema,
} from "./key-schemas.ts";

/** The calls about the keys of a workspace. */
export const apiKeysRoutes = (api: Api, deps: KeysDeps): void => {
  createRoute(api, deps);
  listRoute(api, deps);
};

/** `POST /api-keys`: a new key, shown this once. */
const createRoute = (api: Api, deps: KeysDeps): void => {
  const bodySchema = createKeySchema(deps.now);
  api.post(
    "/api-keys",
    {
      config: {
        permission: "admin",
        workspace: "or_none", // an operator may name it in the body
        documented: {
          problems: ["workspace_required", "key_not_found", "too_many_keys", "too_many_changes"],
          takes: ["Idempotency-Key"],
          gives: ["Location", "Idempotency-Replayed"],
        },
      },
      schema: {
        operationId: "createApiKey",
        summary: "Make a key",
        description:
          "The response shows the key, this once. It counts in every instance within a second. Nobody makes a key that may do more than they may.",
        tags: ["Access"],
        querystring: noQuerySchema,
        body: bodySchema.meta({ "x-examples": CREATE_EXAMPLES }),
        response: {
          201: keyWithSecretSchema.meta({ "x-examples": CREATED_EXAMPLES }),
          ...problemResponses,
        },
      },
    },
    async (request, reply) => {
      const { body } = request;
      const workspaceId = workspaceOfNewKey(request, body.workspace_id);
      const excess = excessOf(
        { workspaceId, permissions: body.scopes, agents: body.agents },
        callerOf(request),
      );
      if (excess !== undefined) {
        return sendProblem(reply, { code: "insufficient_scope", detail: excess });
      }
      const created = await deps.keys.create(newKey(request, workspaceId, body), onceIn(request));
      if (created.kind !== "key") return sendProblem(reply, keyProblem(created, ""));
      const { key_id } = created.stored;
      if (created.token === undefined) reply.header("idempotency-replayed", "true");
      reply.header("location", `${BASE_PATH}/api-keys/${key_id}`);
      return reply.code(201).send(keyWithSecret(created, deps));
    },
  );
};

const newKey = (
  request: Pick<FastifyRequest, "caller">,
  workspace_id: string,
  body: z.infer<ReturnType<typeof createKeySchema>>,
) => {
  const { name, scopes, agents, expires_at } = body;
  return {
    workspace_id,
    name,
    scopes,
    ...(agents === undefined ? {} : { agents }),
    ...(expires_at === undefined ? {} : { expires_at }),
    created_by: callerOf(request).actor,
  };
};

/** `GET /api-keys`: the keys of the workspace. */
const listRoute = (api: Api, { index, shown }: KeysDeps): void => {
  api.get(
    "/api-keys",
    {
      config: { permission: "admin", workspace: "or_all" },
      schema: {
        operationId: "listApiKeys",
        summary: "List keys",
        description:
          "The keys that the API made, newest first, and then those of the operator's file. A key that has ended is shown for 30 days.",
        tags: ["Access"],
        querystring: listKeysSchema,
        response: {
          200: keysResponseSchema.meta({ "x-examples": KEYS_EXAMPLES }),
          ...problemResponses,
        },
      },
    },
    async (request) => {
      await index.upToDate();
      const { limit, cursor } = request.query;
      const { workspaceId, credential } = callerOf(request);
      const isVisible = ({ agents }: { readonly agents: readonly string[] | null }) =>
        isWithin(credential.agents, agents ?? undefined);
      const { keys, hasMore } = shown.page(workspaceId, isVisible, limit, cursor);
      const last = keys.at(-1);
      const next_cursor = hasMore && last !== undefined ? keyCursor.encode(last) : null;
      return { api_keys: keys.map(keyResponse), next_cursor };
    },
  );
};

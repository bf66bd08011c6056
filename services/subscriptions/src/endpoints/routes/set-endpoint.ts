import { randomBytes } from "node:crypto";
import type { CallbackUrlPolicy } from "@ringback/contracts/address/callback-url";
import {
  ENDPOINT_ID_BYTES,
  endpointIdOfUid,
  formatEndpointId,
  isEndpointUid,
} from "@ringback/contracts/endpoints/endpoint-id";
import { callerOf } from "../../http/auth/caller.ts";
import { BASE_PATH, type Api } from "../../http/api.ts";
import { endpointPathSchema } from "../../http/field-schemas.ts";
import { problemResponses } from "../../http/problem.ts";
import { invalidRequest } from "../../http/refused-error.ts";
import { newSigningKey } from "../../commands/routes/rotation-fields.ts";
import { refuseUnknownPatterns, type DefineDeps } from "../../event-types/define-type.ts";
import { addressIn } from "../endpoint-commands.ts";
import { refuseCarriedHeaders } from "./carried-headers.ts";
import { CHANGED_EXAMPLES, CREATED_EXAMPLES, ENDPOINT_EXAMPLES } from "./endpoint-examples.ts";
import {
  changeEndpointSchema,
  createEndpointSchema,
  putEndpointSchema,
  settingsOf,
  wholeSettingsOf,
} from "./endpoint-fields.ts";
import {
  endpointResponse,
  endpointResponseSchema,
  endpointWithKeySchema,
} from "./endpoint-response.ts";
import { refuseOthersEvents } from "./own-choice.ts";
import {
  newKeyFor,
  requireDispatchers,
  runEndpointCommand,
  type EndpointCommands,
} from "./run-endpoint-command.ts";

export type SetEndpointDeps = {
  readonly endpoints: EndpointCommands;
  readonly eventTypes: Pick<DefineDeps, "index" | "rules">;
  readonly callbackUrls: CallbackUrlPolicy;
};

const createdSchema = endpointWithKeySchema.meta({ "x-examples": CREATED_EXAMPLES });

const OF_A_CHANGE = [
  "agent_not_allowed",
  "conflict",
  "configuration_too_large",
  "too_many_changes",
] as const;
const OF_A_NEW_ONE = [...OF_A_CHANGE, "too_many_endpoints", "dispatchers_outdated"] as const;
const TAKES = ["If-Match", "Idempotency-Key"] as const;

/** `POST /endpoints`: creates an endpoint, whose signing secret only this response shows. */
export const createEndpointRoute = (api: Api, deps: SetEndpointDeps): void => {
  api.post(
    "/endpoints",
    {
      config: {
        permission: "endpoints",
        exactNumbers: true, // of filters
        documented: {
          problems: ["endpoint_exists", ...OF_A_NEW_ONE],
          takes: ["Idempotency-Key"],
          gives: ["ETag", "Location", "Idempotency-Replayed"],
        },
      },
      schema: {
        operationId: "createEndpoint",
        summary: "Create an endpoint",
        description:
          "A URL that events of any agents and types are sent to, beside the subscription of an event's agent. The response shows its signing secret, this once.",
        tags: ["Endpoints"],
        body: createEndpointSchema(deps.callbackUrls),
        response: { 201: createdSchema, ...problemResponses },
      },
    },
    async (request, reply) => {
      const { body } = request;
      const caller = callerOf(request);
      refuseOthersEvents(caller, body);
      requireDispatchers(deps.endpoints);
      await refuseUnknownPatterns(caller.workspaceId, body.event_types, deps.eventTypes);
      const { uid } = body;
      const endpoint_id =
        uid === undefined
          ? formatEndpointId(randomBytes(ENDPOINT_ID_BYTES))
          : endpointIdOfUid(caller.workspaceId, uid);
      const key = newSigningKey(deps.endpoints.now());
      const endpoint = { workspace_id: caller.workspaceId, endpoint_id };
      const command = {
        kind: "create_endpoint",
        endpoint,
        uid,
        settings: wholeSettingsOf(body),
        key,
      } as const;
      const ran = await runEndpointCommand(request, reply, command, deps.endpoints);
      reply.header("location", `${BASE_PATH}/endpoints/${ran.endpoint.endpoint_id}`);
      return reply.code(201).send({
        ...endpointResponse(ran.endpoint, ran.version, caller),
        ...newKeyFor(caller, ran, key),
      });
    },
  );
};

/** `PUT /endpoints/{endpoint_id}`: sets all of an endpoint; creates the one with this `uid` where it is not there. */
export const putEndpointRoute = (api: Api, deps: SetEndpointDeps): void => {
  api.put(
    "/endpoints/:endpoint_id",
    {
      config: {
        permission: "endpoints",
        exactNumbers: true, // of filters
        mayNameNewEndpoint: true,
        documented: {
          problems: ["endpoint_not_found", "endpoint_exists", ...OF_A_NEW_ONE],
          takes: TAKES,
          gives: ["ETag", "Location", "Idempotency-Replayed"],
        },
      },
      schema: {
        operationId: "putEndpoint",
        summary: "Set an endpoint wholly",
        description:
          "What is not named has its default. An endpoint that is named by its `uid` and is not there is created, with 201 and its signing secret; by its id, it has to be there.",
        tags: ["Endpoints"],
        params: endpointPathSchema,
        body: putEndpointSchema(deps.callbackUrls),
        response: {
          200: endpointResponseSchema.meta({ "x-examples": ENDPOINT_EXAMPLES }),
          201: createdSchema,
          ...problemResponses,
        },
      },
    },
    async (request, reply) => {
      const { body, params } = request;
      const caller = callerOf(request);
      const { workspaceId } = caller;
      const { endpoint_id: named } = params;
      const isNamedByUid = isEndpointUid(named);
      if (isNamedByUid && body.uid !== undefined && body.uid !== named) {
        const message = `is not the one in the path, '${named}'`;
        throw invalidRequest([{ path: "uid", message }]);
      }
      refuseOthersEvents(caller, body);
      requireDispatchers(deps.endpoints);
      await refuseUnknownPatterns(workspaceId, body.event_types, deps.eventTypes);
      const key = newSigningKey(deps.endpoints.now());
      const command = {
        kind: "put_endpoint",
        endpoint: idsIn(workspaceId, named),
        isNamedByUid,
        uid: isNamedByUid ? named : body.uid,
        settings: wholeSettingsOf(body),
        key,
      } as const;
      const ran = await runEndpointCommand(request, reply, command, deps.endpoints);
      const response = endpointResponse(ran.endpoint, ran.version, caller);
      if (ran.changes[0]?.type !== "endpoint_created") return reply.code(200).send(response);
      reply.header("location", `${BASE_PATH}/endpoints/${ran.endpoint.endpoint_id}`);
      return reply.code(201).send({ ...response, ...newKeyFor(caller, ran, key) });
    },
  );
};

/** `PATCH /endpoints/{endpoint_id}`: sets what it names; null takes an optional setting away. */
export const changeEndpointRoute = (api: Api, deps: SetEndpointDeps): void => {
  api.patch(
    "/endpoints/:endpoint_id",
    {
      config: {
        permission: "endpoints",
        exactNumbers: true, // of filters
        documented: {
          problems: ["endpoint_not_found", ...OF_A_CHANGE],
          takes: TAKES,
          gives: ["ETag", "Idempotency-Replayed"],
        },
      },
      schema: {
        operationId: "changeEndpoint",
        summary: "Change an endpoint",
        description:
          "Sets the fields that are named, each wholly; null takes an optional one away. Others stay, and so does the `uid`.",
        tags: ["Endpoints"],
        params: endpointPathSchema,
        body: changeEndpointSchema(deps.callbackUrls),
        response: {
          200: endpointResponseSchema.meta({ "x-examples": CHANGED_EXAMPLES }),
          ...problemResponses,
        },
      },
    },
    async (request, reply) => {
      const { body, params } = request;
      const caller = callerOf(request);
      refuseOthersEvents(caller, body);
      await refuseUnknownPatterns(caller.workspaceId, body.event_types ?? [], deps.eventTypes);
      await refuseCarriedHeaders(request, body, params.endpoint_id, deps.endpoints);
      const command = {
        kind: "change_endpoint",
        endpoint: idsIn(caller.workspaceId, params.endpoint_id),
        uid: body.uid,
        set: settingsOf(body),
      } as const;
      const ran = await runEndpointCommand(request, reply, command, deps.endpoints);
      return endpointResponse(ran.endpoint, ran.version, caller);
    },
  );
};

const idsIn = (workspaceId: string, named: string) => ({
  workspace_id: workspaceId,
  endpoint_id: addressIn(workspaceId, named).endpointId,
});

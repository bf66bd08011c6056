import type { Subscription } from "@ringback/contracts/agents/subscription";
import type {
  EndpointChange,
  EndpointSettings,
} from "@ringback/contracts/endpoints/endpoint-event";
import { ENDPOINT_STATES, stateNameOf, WHILE_OFF } from "@ringback/contracts/endpoints/endpoint";
import {
  redactedSigningKey,
  redactedSigningKeySchema,
} from "@ringback/contracts/secrets/signing-key";
import { redactedSubscription } from "@ringback/contracts/secrets/subscription-secrets";
import { z } from "zod";
import type { Caller } from "../../http/auth/credential.ts";
import { callerOf } from "../../http/auth/caller.ts";
import type { Api } from "../../http/api.ts";
import { endpointPathSchema } from "../../http/field-schemas.ts";
import { pageQuerySchema, seqCursor } from "../../http/pagination.ts";
import { endpointNotFound, problemResponses, sendProblem } from "../../http/problem.ts";
import { isOwnEndpoint } from "../../sight/decide/sight.ts";
import {
  addressIn,
  type EndpointHistory,
  type EndpointHistoryEntry,
} from "../endpoint-commands.ts";
import { ENDPOINT_HISTORY_EXAMPLES } from "./endpoint-examples.ts";
import { filterResponse, settingsResponse } from "./endpoint-response.ts";

const { delivery, description, metadata, order } = settingsResponse;

/** One change of an endpoint, as responses show it; secrets as in the endpoint itself. */
const changeSchema = z.object({
  version: z.int().meta({ description: "The endpoint's version that the change led to." }),
  type: z.string().meta({ description: "Such as `endpoint_changed`." }),
  at: z.string(),
  actor: z.string().nullable().meta({
    description: "The id of the API key, or the service itself.",
  }),
  set: z
    .object({
      ...settingsResponse,
      delivery: delivery.nullable(),
      description: description.nullable(),
      metadata: metadata.nullable(),
      order: order.nullable(),
    })
    .partial()
    .optional()
    .meta({ description: "The settings that became others; null: taken away." }),
  state: z.enum(ENDPOINT_STATES).optional(),
  events: z.enum(WHILE_OFF).optional().meta({
    description: "Of an endpoint that was switched off: what becomes of its events.",
  }),
  key: redactedSigningKeySchema.optional().meta({
    description: "A new signing key, without its secret.",
  }),
  former_expire_at: z.string().optional(),
});

const historySchema = z.object({
  changes: z.array(changeSchema),
  next_cursor: z.string().nullable(),
});

/** `GET /endpoints/{endpoint_id}/history`: who changed what and when, also of an endpoint that was deleted. */
export const endpointHistoryRoute = (api: Api, history: Pick<EndpointHistory, "changes">): void => {
  api.get(
    "/endpoints/:endpoint_id/history",
    {
      config: {
        audited: "secrets",
        permission: "read",
        documented: { problems: ["endpoint_not_found"] },
      },
      schema: {
        operationId: "listEndpointChanges",
        summary: "List the changes of an endpoint",
        description:
          "Who changed what and when, newest first, also of an endpoint that was deleted. Secrets are shown as in the endpoint itself.",
        tags: ["Endpoints"],
        params: endpointPathSchema,
        querystring: pageQuerySchema,
        response: {
          200: historySchema.meta({ "x-examples": ENDPOINT_HISTORY_EXAMPLES }),
          ...problemResponses,
        },
      },
    },
    async (request, reply) => {
      const { endpoint_id: named } = request.params;
      const { limit, cursor: beforeSeq } = request.query;
      const caller = callerOf(request);
      const address = addressIn(caller.workspaceId, named);
      const page = await history.changes(address, { limit, beforeSeq });
      const { entries, nextBeforeSeq } = sinceOwn(caller, page);
      if (entries.length === 0 && beforeSeq === undefined) {
        return sendProblem(reply, endpointNotFound(named));
      }
      return {
        changes: entries.map((entry) => changeResponse(entry, caller)),
        next_cursor: nextBeforeSeq === undefined ? null : seqCursor.encode(nextBeforeSeq),
      };
    },
  );
};

type Page = {
  readonly entries: readonly EndpointHistoryEntry[];
  readonly nextBeforeSeq?: number;
};

/** The changes since the endpoint became the own one of the caller's agents: those before are others'. */
const sinceOwn = ({ agents }: Caller, page: Page): Page => {
  if (agents === undefined) return page;
  const isOwn = ({ state }: EndpointHistoryEntry): boolean =>
    state.kind === "present" && isOwnEndpoint(agents, state.endpoint);
  const others = page.entries.findIndex((entry) => !isOwn(entry));
  return others === -1 ? page : { entries: page.entries.slice(0, others) };
};

type ChangeResponse = z.infer<typeof changeSchema>;

/** A change for a caller: callers who may set secrets also see the secrets of the past. */
const changeResponse = (
  entry: EndpointHistoryEntry,
  caller: Pick<Caller, "permissions">,
): ChangeResponse => ({
  version: entry.version,
  type: entry.type,
  at: entry.occurredAt,
  actor: entry.actor ?? null,
  ...(entry.change === undefined ? {} : detailsOf(entry.change, caller.permissions.has("secrets"))),
});

const detailsOf = (
  { type, change }: EndpointChange,
  maySeeSecrets: boolean,
): Partial<ChangeResponse> => {
  switch (type) {
    case "endpoint_created": {
      const { signing: [key] = [] } = change;
      const set = redactedSettings(change, maySeeSecrets);
      return { set, ...(key && { key: redactedSigningKey(key) }) };
    }
    case "endpoint_changed":
      return { set: redactedSettings(change.set, maySeeSecrets) };
    case "endpoint_switched": {
      const { while_off: events } = change;
      return { state: stateNameOf(change), ...(events && { events }) };
    }
    case "endpoint_secret_rotated":
      return { key: redactedSigningKey(change.key), former_expire_at: change.former_expire_at };
    case "endpoint_deleted":
    case "endpoint_reencrypted":
      return {};
    default:
      return type satisfies never;
  }
};

/** The fields that are no settings are dropped by the response's schema. */
const redactedSettings = (set: EndpointSettings, maySeeSecrets: boolean): ChangeResponse["set"] => {
  const { url = "", headers = {}, filter, ...rest } = set;
  const sent: Subscription = {
    event_type: "",
    callback_url: url,
    headers,
    method_type: "POST",
  };
  const shown = redactedSubscription(sent, maySeeSecrets);
  return {
    ...rest,
    ...(filter === null ? { filter } : filterResponse(filter)),
    ...(set.url !== undefined && { url: shown.callback_url }),
    ...(set.headers !== undefined && { headers: shown.headers }),
  };
};

import { api, dataOf } from "../../api/client.ts";
import type { paths } from "../../api/schema.gen.ts";
import type { Agent, Subscription } from "../destinations/api-types.ts";
import type { Rotation } from "../destinations/signing.tsx";

/** An agent, and the version of it that a change names, so that it is not made over somebody else's. */
export type VersionedAgent = { readonly agent: Agent; readonly etag: string };

export const readAgent = async (id: string, signal: AbortSignal): Promise<VersionedAgent> => {
  const params = { path: { agent_id: id } };
  const { data, response } = await api.GET("/agent/v1/{agent_id}", { params, signal });
  if (data === undefined) throw new Error("The API responded without a body.");
  return { agent: data, etag: response.headers.get("etag") ?? "" };
};

/** A subscription as a request sets it: one or several types, to one URL. */
export type SubscriptionFields = Omit<Subscription, "event_type" | "signing"> & {
  readonly event_type: string | readonly string[];
};

/** What a PATCH of an agent asks for. */
export type AgentOperation =
  | {
      readonly operation: "edit_event_subscriptions";
      readonly event_subscriptions: readonly SubscriptionFields[];
      readonly on_conflict: "overwrite" | "error";
    }
  | { readonly operation: "remove_event_subscriptions"; readonly event_types: readonly string[] }
  | (Rotation & {
      readonly operation: "rotate_signing_secret";
      readonly event_types?: readonly string[];
    })
  | { readonly operation: "remove_signing_secret" }
  | { readonly operation: "rename_agent"; readonly agent_display_name: string };

/** The body of the PATCH, as curl shows it, too. */
export const patchOf = (agentId: string, operation: AgentOperation) => ({
  agent_id: agentId,
  ...operation,
});

type PatchBody = paths["/agent/v1"]["patch"]["requestBody"]["content"]["application/json"];

export const patchAgent = ({ agent, etag }: VersionedAgent, operation: AgentOperation) =>
  dataOf(
    api.PATCH("/agent/v1", {
      params: { header: { "If-Match": etag } },
      body: patchOf(agent.agent_id, operation) as PatchBody,
    }),
  );

export const deregisterAgent = async ({ agent, etag }: VersionedAgent): Promise<void> => {
  await api.DELETE("/agent/v1/{agent_id}", {
    params: { path: { agent_id: agent.agent_id }, header: { "If-Match": etag } },
  });
};

/** Registers one. `requestKey` makes it safe to send again where the response was lost. */
export const registerAgent = (
  fields: { readonly agent_id?: string; readonly agent_display_name: string },
  requestKey: string,
) =>
  dataOf(
    api.POST("/agent/v1", { params: { header: { "Idempotency-Key": requestKey } }, body: fields }),
  );

export const testAgent = (agentId: string, eventType: string) =>
  dataOf(
    api.POST("/agent/v1/{agent_id}/test-event", {
      params: { path: { agent_id: agentId } },
      body: { event_type: eventType },
    }),
  );

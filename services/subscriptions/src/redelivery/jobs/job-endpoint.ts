import type { RedeliveryJob } from "@ringback/contracts/deliveries/redelivery-job";
import type { Endpoint } from "@ringback/contracts/endpoints/endpoint";
import { readEndpointState } from "@ringback/contracts/endpoints/endpoint-event";
import { endpointSubject } from "@ringback/contracts/streams/endpoint-subject";
import { STREAMS } from "@ringback/contracts/streams/subjects";
import type { Nats } from "@ringback/runtime/nats/connection";
import { isOwnEndpoint } from "../../sight/decide/sight.ts";
import { lastMessage } from "../../streams/read-stream.ts";

export type JobEndpoint =
  | { readonly kind: "endpoint"; readonly endpoint: Endpoint }
  /** The job is for none. */
  | { readonly kind: "none" }
  /** It was deleted or disabled since, or is for agents that the job is not: nothing may be sent there. */
  | { readonly kind: "gone" };

/** The endpoint that a job is for as it is now, with its secrets sealed; read from the leader of SUBSCRIPTIONS. */
export const jobEndpoint = async (
  nats: Nats,
  { workspace_id: workspaceId, endpoint_id: endpointId, agents }: RedeliveryJob,
): Promise<JobEndpoint> => {
  if (endpointId === undefined) return { kind: "none" };
  const address = { workspaceId, endpointId };
  const subject = endpointSubject(address);
  const message = await lastMessage(nats, STREAMS.subscriptions, subject);
  if (message === null) return { kind: "gone" };
  const read = readEndpointState(address, message.data);
  if (read.kind === "invalid") throw new Error(`${subject}: ${read.message}`);
  const { state } = read;
  if (state.kind === "absent" || state.endpoint.switch === "disabled") return { kind: "gone" };
  const isOwn = isOwnEndpoint(agents && new Set(agents), state.endpoint);
  return isOwn ? { kind: "endpoint", endpoint: state.endpoint } : { kind: "gone" };
};

import { isEndpointId } from "../endpoints/endpoint-id.ts";
import { isId } from "../id.ts";
import { token } from "./subjects.ts";

/** Takes the agent's token in a subject of SUBSCRIPTIONS that names an endpoint. */
const ENDPOINT_TOKEN = "_endpoint";

/** Where an endpoint is. */
export type EndpointAddress = { readonly workspaceId: string; readonly endpointId: string };

/** One subject per endpoint; the last message holds its state (docs/adr/0026). */
export const endpointSubject = ({ workspaceId, endpointId }: EndpointAddress): string =>
  `subscriptions.${token(workspaceId)}.${ENDPOINT_TOKEN}.${token(endpointId)}`;

/** The subjects of all endpoints of a workspace. */
export const endpointsOfWorkspace = (workspaceId: string): string =>
  `subscriptions.${token(workspaceId)}.${ENDPOINT_TOKEN}.*`;

/** The endpoint in a subject of SUBSCRIPTIONS, or undefined. */
export const parseEndpointSubject = (subject: string): EndpointAddress | undefined => {
  const [prefix, workspaceId, marker, endpointId, ...rest] = subject.split(".");
  if (prefix !== "subscriptions" || marker !== ENDPOINT_TOKEN || rest.length > 0) return undefined;
  if (workspaceId === undefined || endpointId === undefined) return undefined;
  return isId(workspaceId) && isEndpointId(endpointId) ? { workspaceId, endpointId } : undefined;
};

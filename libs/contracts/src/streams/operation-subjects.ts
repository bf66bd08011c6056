import { token } from "./subjects.ts";

/** What operators and workspaces are told about deliveries as a whole. */
export const OPERATION_KINDS = [
  "delivery.exhausted",
  "event.invalid",
  "endpoint.failing",
  "endpoint.recovered",
] as const;

export type OperationKind = (typeof OPERATION_KINDS)[number];

/** Where an operational event goes; a kind is two tokens. */
export const operationSubject = (workspaceId: string, kind: OperationKind): string =>
  `operations.${token(workspaceId)}.${kind}`;

/** What is told of endpoints, of all workspaces. */
export const ENDPOINT_OPERATIONS = "operations.*.endpoint.*";

import { token } from "./subjects.ts";

/** Kinds of operational events, for operators and workspaces. */
export const OPERATION_KINDS = [
  "delivery.exhausted",
  "event.invalid",
  "endpoint.failing",
  "endpoint.recovered",
] as const;

export type OperationKind = (typeof OPERATION_KINDS)[number];

/** The subject of an operational event; a kind is two tokens. */
export const operationSubject = (workspaceId: string, kind: OperationKind): string =>
  `operations.${token(workspaceId)}.${kind}`;

/** Operational events of endpoints, of all workspaces. */
export const ENDPOINT_OPERATIONS = "operations.*.endpoint.*";

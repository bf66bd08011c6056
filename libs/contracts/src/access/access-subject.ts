import { isId } from "../id.ts";
import { token } from "../streams/subjects.ts";

/** Every key and every session. */
export const ALL_ACCESS = "access.>";

/** The `workspace_id` of operators, who name the workspace with each request. */
export const ALL_WORKSPACES = "*";

/** Takes the workspace's token for operators: no workspace can have this id. */
export const OPERATORS_TOKEN = "=operators";

const ACCESS_KINDS = ["key", "session"] as const;

type AccessKind = (typeof ACCESS_KINDS)[number];

/** Whose key or session it is, and its id. */
export type AccessAddress = {
  /** `*`: an operator's. */
  readonly workspaceId: string;
  readonly kind: AccessKind;
  readonly id: string;
};

const workspaceToken = (workspaceId: string): string =>
  workspaceId === ALL_WORKSPACES ? OPERATORS_TOKEN : token(workspaceId);

/** One subject per key and per session; the last message holds it as it is now. */
export const accessSubject = ({ workspaceId, kind, id }: AccessAddress): string =>
  `access.${workspaceToken(workspaceId)}.${kind}.${token(id)}`;

/** Every key, or every session, of a workspace. */
export const accessOfWorkspace = (workspaceId: string, kind: AccessKind): string =>
  `access.${workspaceToken(workspaceId)}.${kind}.*`;

/** The key or session in a subject of ACCESS, or undefined. */
export const parseAccessSubject = (subject: string): AccessAddress | undefined => {
  const [prefix, workspace = "", kind = "", id = "", ...rest] = subject.split(".");
  if (prefix !== "access" || rest.length > 0 || !isId(id)) return undefined;
  const known = ACCESS_KINDS.find((one) => one === kind);
  if (known === undefined) return undefined;
  const workspaceId = workspace === OPERATORS_TOKEN ? ALL_WORKSPACES : workspace;
  const isWorkspace = workspaceId === ALL_WORKSPACES || isId(workspaceId);
  return isWorkspace && workspace !== ALL_WORKSPACES ? { workspaceId, kind: known, id } : undefined;
};

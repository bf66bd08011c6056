import { OPERATORS_TOKEN } from "../access/access-subject.ts";
import { token } from "./subjects.ts";

/**
 * What an entry of the audit is. Each kind has a subject of its own, and so its own share of the stream: whoever reads
 * or is refused very often does not push out what was changed.
 */
export const AUDIT_KINDS = ["change", "read", "refused", "sign_in"] as const;

export type AuditKind = (typeof AUDIT_KINDS)[number];

/** The subject of a workspace's entries of a kind; without a workspace of those about the installation. */
export const auditSubject = (workspaceId: string | undefined, kind: AuditKind): string =>
  `audit.${workspaceId === undefined ? OPERATORS_TOKEN : token(workspaceId)}.${kind}`;

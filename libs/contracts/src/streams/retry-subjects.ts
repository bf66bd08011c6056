import { isId } from "../id.ts";
import { token, type AgentAddress } from "./subjects.ts";

/** One subject per delivery, so that scheduling again replaces and never doubles. */
export const scheduledRetrySubject = (
  { workspaceId, agentId }: AgentAddress,
  deliveryId: string,
): string => `retries.scheduled.${token(workspaceId)}.${token(agentId)}.${token(deliveryId)}`;

/** Where a delivery's retry comes in when it is due: one subject per delivery, as of its schedule. */
export const dueRetrySubject = (
  { workspaceId, agentId }: AgentAddress,
  deliveryId: string,
): string => `retries.due.${token(workspaceId)}.${token(agentId)}.${token(deliveryId)}`;

/**
 * The same as versions before named it: one subject for all retries of an agent (docs/adr/0021). Written
 * while a dispatcher runs that reads no other form, and read for one release more.
 */
export const agentsDueRetrySubject = ({ workspaceId, agentId }: AgentAddress): string =>
  `retries.due.${token(workspaceId)}.${token(agentId)}`;

/** Every due retry of an agent, but for those in the form of versions before. */
export const dueRetriesOfAgent = ({ workspaceId, agentId }: AgentAddress): string =>
  `retries.due.${token(workspaceId)}.${token(agentId)}.*`;

/**
 * The agent and the delivery that `retries.due.<workspace_id>.<agent_id>.<delivery_id>` names; without a
 * delivery in the form of versions before.
 */
export const parseDueRetrySubject = (
  subject: string,
): { readonly agent: AgentAddress; readonly deliveryId: string | undefined } | undefined => {
  const [retries, due, workspaceId, agentId, deliveryId, ...rest] = subject.split(".");
  if (retries !== "retries" || due !== "due" || rest.length > 0) return undefined;
  if (workspaceId === undefined || agentId === undefined) return undefined;
  if (deliveryId !== undefined && !isId(deliveryId)) return undefined;
  if (!isId(workspaceId) || !isId(agentId)) return undefined;
  return { agent: { workspaceId, agentId }, deliveryId };
};

/** The agent and the delivery that `retries.scheduled.<workspace_id>.<agent_id>.<delivery_id>` names. */
export const parseScheduledRetrySubject = (
  subject: string,
): { readonly agent: AgentAddress; readonly deliveryId: string } | undefined => {
  const [retries, scheduled, workspaceId, agentId, deliveryId, ...rest] = subject.split(".");
  if (retries !== "retries" || scheduled !== "scheduled" || rest.length > 0) return undefined;
  if (workspaceId === undefined || agentId === undefined || deliveryId === undefined) {
    return undefined;
  }
  if (![workspaceId, agentId, deliveryId].every(isId)) return undefined;
  return { agent: { workspaceId, agentId }, deliveryId };
};

import { isId } from "../id.ts";
import { token, type AgentAddress } from "./subjects.ts";

/** One subject per delivery, so that scheduling again replaces the schedule. */
export const scheduledRetrySubject = (
  { workspaceId, agentId }: AgentAddress,
  deliveryId: string,
): string => `retries.scheduled.${token(workspaceId)}.${token(agentId)}.${token(deliveryId)}`;

/** The subject of a delivery's due retry. */
export const dueRetrySubject = (
  { workspaceId, agentId }: AgentAddress,
  deliveryId: string,
): string => `retries.due.${token(workspaceId)}.${token(agentId)}.${token(deliveryId)}`;

/**
 * The same in the form of earlier versions: one subject for all retries of an agent (docs/adr/0021). Written while a
 * dispatcher runs that reads only this form; read for one release more.
 */
export const agentsDueRetrySubject = ({ workspaceId, agentId }: AgentAddress): string =>
  `retries.due.${token(workspaceId)}.${token(agentId)}`;

/** Every due retry of an agent, except those in the form of earlier versions. */
export const dueRetriesOfAgent = ({ workspaceId, agentId }: AgentAddress): string =>
  `retries.due.${token(workspaceId)}.${token(agentId)}.*`;

/**
 * The agent and the delivery in `retries.due.<workspace_id>.<agent_id>.<delivery_id>`; without a delivery in the form
 * of earlier versions.
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

/** The agent and the delivery in `retries.scheduled.<workspace_id>.<agent_id>.<delivery_id>`. */
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

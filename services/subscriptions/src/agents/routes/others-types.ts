import type { EventType } from "@ringback/contracts/events/event-types";
import {
  isWorkspaceEventType,
  WORKSPACE_AGENT,
  WORKSPACE_EVENT_TYPES,
} from "@ringback/contracts/agents/workspace-agent";
import type { z } from "zod";

type Edit = {
  readonly agent_id: string;
  readonly event_subscriptions: readonly { readonly event_type: EventType | EventType[] }[];
};

/** Refuses types that this agent cannot subscribe: a workspace's own are not for agents of calls, nor theirs for it. */
export const refuseOthersTypes = (
  { agent_id, event_subscriptions }: Edit,
  context: Pick<z.core.$RefinementCtx, "addIssue">,
): void => {
  const isOfWorkspace = agent_id === WORKSPACE_AGENT;
  const message = isOfWorkspace
    ? `may be ${WORKSPACE_EVENT_TYPES.join(", ")} for agent '${agent_id}'`
    : `is a type of the workspace: only agent '${WORKSPACE_AGENT}' subscribes it`;
  for (const [n, { event_type }] of event_subscriptions.entries()) {
    if ([event_type].flat().every((type) => isWorkspaceEventType(type) === isOfWorkspace)) continue;
    context.addIssue({ code: "custom", message, path: ["event_subscriptions", n, "event_type"] });
  }
};

import type { EventType } from "../events/event-types.ts";
import { token } from "./subjects.ts";

/** Filters a workspace's events or attempts. */
export type LiveFilter = {
  readonly workspaceId: string;
  readonly agentId?: string | undefined;
  readonly eventType?: EventType | undefined;
};

const filterTokens = ({ workspaceId, agentId, eventType }: LiveFilter): string =>
  `${token(workspaceId)}.*.${agentId === undefined ? "*" : token(agentId)}.${eventType ?? "*"}`;

/** The filter on EVENTS for a workspace's events. */
export const eventsFilter = (filter: LiveFilter): string => `events.${filterTokens(filter)}`;

/** The filter on ATTEMPTS for a workspace's records. */
export const attemptsFilter = (filter: LiveFilter): string => `attempts.${filterTokens(filter)}.*`;

import {
  endpointChangeSchema,
  INITIAL_ENDPOINT_STATE,
  readEndpointState,
  type EndpointChange,
  type EndpointEvent,
  type EndpointState,
} from "@ringback/contracts/endpoints/endpoint-event";
import {
  endpointIdOfUid,
  isEndpointId,
  isEndpointUid,
} from "@ringback/contracts/endpoints/endpoint-id";
import {
  endpointSubject,
  type EndpointAddress,
} from "@ringback/contracts/streams/endpoint-subject";
import type { EntityKind } from "../commands/entity.ts";
import type { EntityHistory, HistoryEntry } from "../commands/entity-history.ts";
import type { EntityStore } from "../commands/entity-store.ts";
import type { AppliedCommand, CommandKind } from "../commands/handle-command.ts";
import type { OnceDeps } from "../commands/run-once.ts";
import {
  decideEndpoint,
  type AcceptedEndpoint,
  type EndpointCommand,
  type EndpointRejection,
} from "./decide/endpoint-command.ts";
import { endpointAfter, toEndpointEvents } from "./decide/to-events.ts";
import { openEndpointChange, openEndpointState, sealEndpointEvent } from "./secrets.ts";

type EndpointTypes = {
  readonly address: EndpointAddress;
  readonly state: EndpointState;
  readonly change: EndpointChange;
  readonly event: EndpointEvent;
  readonly command: EndpointCommand;
  readonly accepted: AcceptedEndpoint;
  readonly rejection: EndpointRejection;
};

export type EndpointStore = EntityStore<EndpointTypes>;

export type EndpointHistory = EntityHistory<EndpointTypes>;

export type EndpointHistoryEntry = HistoryEntry<EndpointTypes>;

export type AppliedEndpointCommand = AppliedCommand<EndpointTypes>;

/** What the calls that change endpoints work with. */
export type EndpointCommandDeps = OnceDeps<EndpointTypes>;

/** How endpoints are stored. */
export const ENDPOINTS: EntityKind<EndpointTypes> = {
  initial: INITIAL_ENDPOINT_STATE,
  isAddress: ({ endpointId }) => isEndpointId(endpointId),
  subjectOf: endpointSubject,
  subjectTemplate: "subscriptions.{workspace_id}._endpoint.{endpoint_id}",
  stateIn: readEndpointState,
  changeIn: (address, message, sealer) => {
    const { data: change } = endpointChangeSchema.safeParse(message);
    return change === undefined ? undefined : openEndpointChange(address, change, sealer);
  },
  open: openEndpointState,
  seal: sealEndpointEvent,
};

/** How commands to endpoints are decided. */
export const ENDPOINT_COMMANDS: CommandKind<EndpointTypes> = {
  holdsEvents: ({ type }) => type === "endpoint_switched",
  addressOf: ({ endpoint }) => ({
    workspaceId: endpoint.workspace_id,
    endpointId: endpoint.endpoint_id,
  }),
  idOf: ({ endpoint }) => endpoint.endpoint_id,
  withId: (command, endpoint_id) => ({
    ...command,
    endpoint: { ...command.endpoint, endpoint_id },
  }),
  decide: decideEndpoint,
  toEvents: toEndpointEvents,
  stateAfter: endpointAfter,
};

/**
 * The endpoint that a path names by its id or its `uid`. A text that can be neither gives an address that no endpoint
 * has, which is read as absent.
 */
export const addressIn = (workspaceId: string, idOrUid: string): EndpointAddress => ({
  workspaceId,
  endpointId: isEndpointUid(idOrUid) ? endpointIdOfUid(workspaceId, idOrUid) : idOrUid,
});

import type { Endpoint } from "@ringback/contracts/endpoints/endpoint";
import type { EndpointChange } from "@ringback/contracts/endpoints/endpoint-event";

/** What a person may do with an endpoint's switch. */
export type SwitchOperation =
  | { readonly name: "enable" | "resume" | "pause" }
  | { readonly name: "disable"; readonly events: NonNullable<Endpoint["while_off"]> };

export type SwitchEndpoint = {
  readonly kind: "switch_endpoint";
  readonly endpoint: Pick<Endpoint, "workspace_id" | "endpoint_id">;
  readonly operation: SwitchOperation;
};

type Switched = (EndpointChange & { type: "endpoint_switched" })["change"];

export type SwitchDecision =
  | { readonly kind: "switched"; readonly change: Switched }
  | { readonly kind: "same" }
  /** Only `enable` ends that. */
  | { readonly kind: "disabled" };

/**
 * Where a switch goes from here. A pause is between on and paused alone: it would hold the events that a disabled
 * endpoint discards, and its end would switch on what somebody disabled.
 */
export const switched = (
  { operation }: Pick<SwitchEndpoint, "operation">,
  { switch: is, while_off }: Pick<Endpoint, "switch" | "while_off">,
): SwitchDecision => {
  const isPausing = operation.name === "pause" || operation.name === "resume";
  if (isPausing && is === "disabled") return { kind: "disabled" };
  const change = changeOf(operation);
  const isSame = change.switch === is && change.while_off === while_off;
  return isSame ? { kind: "same" } : { kind: "switched", change };
};

const changeOf = (operation: SwitchOperation): Switched => {
  switch (operation.name) {
    case "enable":
    case "resume":
      return { switch: "on" };
    case "pause":
      return { switch: "paused", while_off: "hold" };
    case "disable":
      return { switch: "disabled", while_off: operation.events };
    default:
      return operation satisfies never;
  }
};

import type { FailureReason } from "@ringback/contracts/deliveries/attempt";

/** A fault of our own machine, network, keys or storage: none of the customer's attempts is used up by it. */
export const OWN_FAULTS = ["resources", "network", "secret", "storage", "unexpected"] as const;

export type OwnFault = (typeof OWN_FAULTS)[number];

/** It was sent once more within the attempt, as a used connection was closed before any answer. */
type Resent = true;

/** What came of one request. */
export type SendResult =
  | {
      readonly kind: "response";
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
      /** Its beginning: more of it than is kept, with all that it may repeat. */
      readonly bodyText: string;
      /** From the start of the attempt to status and headers. */
      readonly durationMs: number;
      readonly resent?: Resent;
    }
  | {
      readonly kind: "no_response";
      readonly reason: FailureReason;
      /** An error code; never an address or a port, as customers read it. */
      readonly detail: string;
      /** The code speaks of a missing route or resolver: many of these are our own network's fault. */
      readonly unreachable: boolean;
      readonly durationMs: number;
      readonly resent?: Resent;
    }
  | { readonly kind: "own_fault"; readonly fault: OwnFault; readonly detail: string };

/** The deadline was over and nothing had been answered, also where it was spent on connecting. */
export const NO_ANSWER_IN_TIME = "no answer in time";

/** Below HTTP: no connection came about, or it broke. */
const BELOW_HTTP: ReadonlySet<FailureReason> = new Set([
  "dns",
  "connection_refused",
  "connection_reset",
  "tls",
  "blocked_address",
]);

/** Whether a failure is the host's, and not that of what is asked on it. */
export const isBelowHttp = ({
  reason,
  detail,
}: {
  readonly reason: FailureReason;
  readonly detail?: string | undefined;
}): boolean => BELOW_HTTP.has(reason) || (reason === "timeout" && detail !== NO_ANSWER_IN_TIME);

import type { FailureReason } from "@ringback/contracts/deliveries/attempt";

/** A fault of our machine, network, keys or storage: uses up none of the customer's attempts. */
export const PLATFORM_FAULTS = ["resources", "network", "secret", "storage", "unexpected"] as const;

export type PlatformFault = (typeof PLATFORM_FAULTS)[number];

/** The result of one request. */
export type SendResult =
  | {
      readonly kind: "response";
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
      /**
       * The body's first bytes: more of them than the record keeps, and with the secrets that an endpoint may
       * repeat.
       */
      readonly bodyText: string;
      /** From the start of the attempt to status and headers. */
      readonly durationMs: number;
      /** Sent once more within the attempt, as a reused connection was closed before any response. */
      readonly resent?: true;
    }
  | {
      readonly kind: "no_response";
      readonly reason: FailureReason;
      /** An error code; never an address or a port, as customers read it. */
      readonly detail: string;
      /** There was no route or no resolver: many of these are our own network's fault. */
      readonly unreachable: boolean;
      readonly durationMs: number;
      readonly resent?: true;
    }
  | { readonly kind: "platform_fault"; readonly fault: PlatformFault; readonly detail: string };

/** The deadline passed without a response, also where connecting took it. */
export const NO_RESPONSE_IN_TIME = "no answer in time";

/** Below HTTP: no connection came about, or it broke. */
const BELOW_HTTP: ReadonlySet<FailureReason> = new Set([
  "dns",
  "connection_refused",
  "connection_reset",
  "tls",
  "blocked_address",
]);

/** Whether a failure is the host's, and not one destination's. */
export const isBelowHttp = ({
  reason,
  detail,
}: {
  readonly reason: FailureReason;
  readonly detail?: string | undefined;
}): boolean => BELOW_HTTP.has(reason) || (reason === "timeout" && detail !== NO_RESPONSE_IN_TIME);

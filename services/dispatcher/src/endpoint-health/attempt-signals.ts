import { FAILURE_REASONS } from "@ringback/contracts/deliveries/attempt";
import { jsonIn } from "@ringback/contracts/json/json-in";
import type { EndpointScope } from "@ringback/contracts/deliveries/operation";
import { isBelowHttp } from "../send/result.ts";
import { destinationOf } from "../delivery/decide/request.ts";

/** What an attempt says about the health of its destination, or of its origin. */
export type AttemptSignal = {
  readonly workspaceId: string;
  /** The URL without query, or its origin. */
  readonly endpoint: string;
  readonly scope: EndpointScope;
  readonly hasFailed: boolean;
};

type Parts = {
  readonly workspace_id?: unknown;
  readonly trigger?: unknown;
  readonly request?: { readonly url?: unknown } | null;
  readonly outcome?: {
    readonly kind?: unknown;
    readonly reason?: unknown;
    readonly detail?: unknown;
    readonly status_code?: unknown;
  } | null;
};

/**
 * The signals in a message of ATTEMPTS; none where nothing was sent, or where a person sent a test event. A
 * failure below HTTP is the origin's, any other the destination's. Checks only the fields that it needs:
 * every attempt of the platform passes here.
 */
export const attemptSignals = (data: Uint8Array): readonly AttemptSignal[] => {
  const {
    workspace_id: workspaceId,
    trigger,
    request,
    outcome,
  } = (jsonIn(data) as Parts | null | undefined) ?? {};
  const kind = outcome?.kind;
  const url = request?.url;
  if (typeof workspaceId !== "string" || typeof url !== "string" || trigger === "test") return [];
  if (kind !== "delivered" && kind !== "failed") return [];
  const { destination, origin } = destinationOf(url);
  if (origin === "") return [];
  const ofOrigin = { workspaceId, endpoint: origin, scope: "origin" } as const;
  const ofDestination = { workspaceId, endpoint: destination, scope: "destination" } as const;
  const hasFailed = kind === "failed";
  if (hasFailed && isOriginFailure(outcome)) return [{ ...ofOrigin, hasFailed }];
  const own = { ...ofDestination, hasFailed };
  const hasResponse = !hasFailed || outcome?.status_code !== undefined;
  return hasResponse ? [own, { ...ofOrigin, hasFailed: false }] : [own];
};

const isOriginFailure = (outcome: Parts["outcome"]): boolean => {
  const reason = FAILURE_REASONS.find((one) => one === outcome?.reason);
  const detail = typeof outcome?.detail === "string" ? outcome.detail : undefined;
  return reason !== undefined && isBelowHttp({ reason, detail });
};

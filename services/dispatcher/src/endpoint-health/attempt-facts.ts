import { FAILURE_REASONS } from "@ringback/contracts/deliveries/attempt";
import { jsonIn } from "@ringback/contracts/deliveries/decode";
import type { EndpointScope } from "@ringback/contracts/deliveries/operation";
import { isBelowHttp } from "../send/result.ts";
import { destinationOf } from "../delivery/decide/request.ts";

/** What of a record says how a destination, or its origin, is. */
export type AttemptSign = {
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
 * The signs in a message of ATTEMPTS; none in what says nothing of an endpoint: nothing was sent, or a person
 * tried it out. What happened below HTTP is the origin's failure, what happened above it the
 * destination's. Only looks at what it needs, as every attempt of the platform comes by here.
 */
export const attemptSigns = (data: Uint8Array): readonly AttemptSign[] => {
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
  if (hasFailed && isHosts(outcome)) return [{ ...ofOrigin, hasFailed }];
  const own = { ...ofDestination, hasFailed };
  const isAnswered = !hasFailed || outcome?.status_code !== undefined;
  return isAnswered ? [own, { ...ofOrigin, hasFailed: false }] : [own];
};

const isHosts = (outcome: Parts["outcome"]): boolean => {
  const reason = FAILURE_REASONS.find((one) => one === outcome?.reason);
  const detail = typeof outcome?.detail === "string" ? outcome.detail : undefined;
  return reason !== undefined && isBelowHttp({ reason, detail });
};

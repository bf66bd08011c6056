import type { EndpointScope } from "@ringback/contracts/operation";
import { urlParts } from "@ringback/contracts/url-parts";
import type { HealthWindow, ToldHealth } from "../decide/endpoint-health.ts";

/** One endpoint of one workspace: how attempts went, and what was told of it. */
export type EndpointState = {
  readonly workspaceId: string;
  /** A callback URL without its query, or its origin; both have a state of their own. */
  readonly endpoint: string;
  readonly scope: EndpointScope;
  readonly window: HealthWindow;
  readonly told: ToldHealth;
  /**
   * The sequence on OPERATIONS of the last word that it had recovered, 0 for none: part of the ids of
   * what is told next, so that two who tell the same use the same id.
   */
  readonly recoveredSeq: number;
};

export type EndpointStates = {
  /** As it was kept last; one that is well where nothing is known. */
  readonly get: (workspaceId: string, endpoint: string) => EndpointState;
  readonly keep: (state: EndpointState) => void;
  readonly failing: () => readonly EndpointState[];
};

/** About 2 KB each when all are busy. */
const MAX_ENDPOINTS = 10_000;

/** The endpoints that were kept last. One that is forgotten and fails still is told of again. */
export const endpointStates = (max = MAX_ENDPOINTS): EndpointStates => {
  const states = new Map<string, EndpointState>();
  const failing = new Set<string>();
  const forget = (key: string): void => {
    states.delete(key);
    failing.delete(key);
  };
  return {
    get: (workspaceId, endpoint) =>
      states.get(keyOf(workspaceId, endpoint)) ?? {
        workspaceId,
        endpoint,
        scope: scopeOf(endpoint),
        window: [],
        told: { kind: "well" },
        recoveredSeq: 0,
      },
    keep: (state) => {
      const key = keyOf(state.workspaceId, state.endpoint);
      forget(key); // and behind all others: the first one was quiet longest
      states.set(key, state);
      if (state.told.kind === "failing") failing.add(key);
      const [oldest] = states.keys();
      if (states.size > max && oldest !== undefined) forget(oldest);
    },
    failing: () => [...failing].flatMap((key) => states.get(key) ?? []),
  };
};

/** A URL without query has a path, an origin has none. */
const scopeOf = (endpoint: string): EndpointScope =>
  urlParts(endpoint)?.origin === endpoint ? "origin" : "destination";

const keyOf = (workspaceId: string, endpoint: string): string => `${workspaceId} ${endpoint}`;

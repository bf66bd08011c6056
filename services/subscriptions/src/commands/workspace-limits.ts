import { Buffer } from "node:buffer";
import type { ConfigurationEvent } from "@ringback/contracts/agents/agent";
import type { EndpointEvent } from "@ringback/contracts/endpoints/endpoint-event";
import type { EndpointAddress } from "@ringback/contracts/streams/endpoint-subject";
import type { AgentAddress } from "@ringback/contracts/streams/subjects";
import { takeTokens, type Bucket, type BucketBounds } from "../http/decide/token-bucket.ts";
import { RefusedError } from "../http/refused-error.ts";

/** What is configured: an agent, or an endpoint. */
export type ConfigurationAddress = AgentAddress | EndpointAddress;

/** What a workspace has on SUBSCRIPTIONS, by the last message of each of its agents and endpoints. */
export type StoredConfiguration = {
  readonly agents: number;
  readonly endpoints: number;
  readonly bytes: number;
  /** Of the requested agent or endpoint alone. */
  readonly ownBytes: number;
};

/** Throws a RefusedError for what is more than a workspace's share; nothing was stored then. */
export type WorkspaceLimits = {
  /** Before the messages of one change are stored. */
  readonly admitChange: (
    address: ConfigurationAddress,
    records: readonly (ConfigurationEvent | EndpointEvent)[],
  ) => void;
  /** Before the definition of an event type is stored. */
  readonly admitDefinition: (workspaceId: string, bytes: number) => void;
  /** Before an `Idempotency-Key` is stored for a day. */
  readonly admitKey: (workspaceId: string) => void;
};

export type WorkspaceLimitsDeps = {
  readonly stored: (address: ConfigurationAddress) => StoredConfiguration;
  readonly maxAgents: number;
  readonly maxEndpoints: number;
  /** Undefined: no limit; the same for `bytesPerDay`. */
  readonly maxBytes: number | undefined;
  readonly bytesPerDay: number | undefined;
  readonly changesPerMinute: number;
};

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** REQUESTS keeps a record of about 300 bytes for each, for a day. */
const KEYS_PER_DAY = 100_000;

/** The limits of each workspace in this process, and what it has used of them. */
export const workspaceLimits = (deps: WorkspaceLimitsDeps): WorkspaceLimits => {
  const { stored, maxBytes, bytesPerDay, changesPerMinute } = deps;
  const changes = buckets({ capacity: changesPerMinute, refillMs: MINUTE_MS });
  const bytesWritten = buckets({ capacity: bytesPerDay ?? Infinity, refillMs: DAY_MS });
  const keys = buckets({ capacity: KEYS_PER_DAY, refillMs: DAY_MS });
  const admit = (workspaceId: string, size: number): void => {
    const waitMs = changes(workspaceId, 1) ?? (bytesPerDay && bytesWritten(workspaceId, size));
    if (waitMs === undefined) return;
    const detail = "This workspace has changed too much in too short a time: nothing was changed.";
    throw new RefusedError({ code: "too_many_changes", detail }, secondsOf(waitMs));
  };
  return {
    admitChange: (address, records) => {
      const { workspaceId } = address;
      const sizes = records.map((record) => Buffer.byteLength(JSON.stringify(record)));
      const before = stored(address);
      refuseTooMany(records, before, deps);
      const { bytes, ownBytes } = before;
      const grownBy = (sizes.at(-1) ?? 0) - ownBytes;
      if (maxBytes !== undefined && grownBy > 0 && bytes + grownBy > maxBytes) {
        const detail = `The agents and endpoints of this workspace would take ${bytes + grownBy} bytes: at most ${maxBytes}. Nothing was changed.`;
        throw new RefusedError({ code: "configuration_too_large", detail });
      }
      const size = sizes.reduce((sum, one) => sum + one, 0);
      admit(workspaceId, size);
    },
    admitDefinition: admit,
    admitKey: (workspaceId) => {
      const waitMs = keys(workspaceId, 1);
      if (waitMs === undefined) return;
      const detail = `This workspace has used ${KEYS_PER_DAY} values of Idempotency-Key in a day.`;
      throw new RefusedError({ code: "too_many_requests", detail }, secondsOf(waitMs));
    },
  };
};

const refuseTooMany = (
  records: readonly { readonly type: string }[],
  { agents, endpoints }: StoredConfiguration,
  { maxAgents, maxEndpoints }: WorkspaceLimitsDeps,
): void => {
  const isNew = (type: string): boolean => records.some((record) => record.type === type);
  if (isNew("agent_registered") && agents >= maxAgents) {
    const detail = `This workspace has ${agents} agents: at most ${maxAgents}. Nothing was changed.`;
    throw new RefusedError({ code: "too_many_agents", detail });
  }
  if (isNew("endpoint_created") && endpoints >= maxEndpoints) {
    const detail = `This workspace has ${endpoints} endpoints: at most ${maxEndpoints}. Nothing was changed.`;
    throw new RefusedError({ code: "too_many_endpoints", detail });
  }
};

const secondsOf = (ms: number): number => Math.max(1, Math.ceil(ms / 1_000));

/** Takes from a workspace's bucket, or gives the milliseconds to wait where the bucket has too little. */
const buckets = (bounds: BucketBounds) => {
  const known = new Map<string, Bucket>(); // no more than there are workspaces with an API key
  return (workspaceId: string, cost: number): number | undefined => {
    const taken = takeTokens(known.get(workspaceId), cost, performance.now(), bounds);
    if (taken.kind === "wait") return taken.waitMs;
    known.set(workspaceId, taken.bucket);
    return undefined;
  };
};

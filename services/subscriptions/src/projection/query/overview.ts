import type { DatabaseSync } from "node:sqlite";
import {
  DEAD_LETTER_REASONS,
  type DeadLetterReason,
} from "@ringback/contracts/deliveries/dead-letter";
import { bucketReader, firstAttemptReader, type AddCount } from "../counts/bucket-counts.ts";
import { failingDestinations } from "../counts/destination-counts.ts";
import { attemptSums, percentile } from "../counts/stats.ts";
import type {
  ActivityRow,
  BucketSums,
  FailingDestination,
  Figures,
  Overview,
  OverviewQuery,
} from "../figures.ts";
import { isAttemptResult, type Counted } from "../file/counted.ts";
import { endpointHash, type Ids } from "../file/ids.ts";
import { seesAgent, seesEndpoint } from "../../sight/decide/sight.ts";
import { seenIn } from "./seen.ts";
import { waitingOn } from "./waiting.ts";

/** Sums over a workspace, or over some of its agents, and over single endpoints and agents. */
export const overviewOn = (db: DatabaseSync, ids: Ids): Pick<Figures, "overview" | "activity"> => {
  const sums = sumsOver(db);
  const waiting = waitingOn(db, ids);
  const failing = failingOn(db, ids);
  const rowOf = activityRows(db);
  return {
    overview: async (query) => {
      const whose = whoseOf(ids, query);
      const { series, byCounted, firstAttempts } = await sums(whose, query);
      return {
        events: byCounted.get("event") ?? 0,
        ...attemptSums(byCounted),
        deadLettered: deadLetterSums(byCounted),
        firstAttemptDelay: {
          p50Ms: percentile(firstAttempts, 0.5),
          p95Ms: percentile(firstAttempts, 0.95),
          p99Ms: percentile(firstAttempts, 0.99),
        },
        waiting: await waiting(query),
        failing: whose === undefined ? [] : await failing(whose, query),
        series,
      };
    },
    activity: async (query) => {
      const { workspaceId, endpointIds, agentIds } = query;
      const endpoints: ActivityRow[] = [];
      for (const id of endpointIds) {
        const hash = seesEndpoint(query, id) ? endpointHash(workspaceId, id) : undefined;
        endpoints.push(await rowOf("endpoint", hash, query));
      }
      const agents: ActivityRow[] = [];
      for (const id of agentIds) {
        const agent = seesAgent(query, id) ? ids.agent(workspaceId, id) : undefined;
        agents.push(await rowOf("agent", agent, query));
      }
      return { endpoints, agents };
    },
  };
};

/** Whose counts an overview adds up: a workspace's, or those of some agents. */
type Whose = {
  readonly workspace: number;
  readonly agents: readonly number[] | undefined;
  /** Endpoints that are theirs alone, by their hashes. */
  readonly endpoints: ReadonlySet<number>;
};

/** Undefined: the workspace has nothing. */
const whoseOf = (ids: Ids, query: OverviewQuery): Whose | undefined => {
  const { workspaceId, agentIds } = query;
  const workspace = ids.workspace(workspaceId);
  if (workspace === undefined) return undefined;
  const agents = agentIds?.flatMap((id) => ids.agent(workspaceId, id) ?? []);
  const endpoints = new Set(seenIn(ids, query)?.endpoints.filter((one) => one !== 0));
  return { workspace, agents, endpoints };
};

const sumsOver = (db: DatabaseSync) => {
  const ofWorkspace = bucketReader(db, "workspace");
  const ofAgent = bucketReader(db, "agent");
  const firstOfWorkspace = firstAttemptReader(db, "workspace");
  const firstOfAgent = firstAttemptReader(db, "agent");
  return async (whose: Whose | undefined, query: OverviewQuery) => {
    const series = bucketsOf(query, () => ({
      events: 0,
      delivered: 0,
      failed: 0,
      deadLettered: 0,
    }));
    const byCounted = new Map<Counted, number>();
    const firstAttempts = new Map<number, number>();
    const add: AddCount = (bucket, counted, count) => {
      byCounted.set(counted, (byCounted.get(counted) ?? 0) + count);
      addTo(series[bucket], counted, count);
    };
    if (whose?.agents === undefined) {
      if (whose !== undefined) {
        await ofWorkspace(whose.workspace, query, add);
        await firstOfWorkspace(whose.workspace, query, firstAttempts);
      }
    } else {
      for (const agent of whose.agents) {
        await ofAgent(agent, query, add);
        await firstOfAgent(agent, query, firstAttempts);
      }
    }
    return { series, byCounted, firstAttempts };
  };
};

type InBuckets = Pick<OverviewQuery, "sinceMs" | "untilMs" | "bucketMs">;

const bucketsOf = <T>({ sinceMs, untilMs, bucketMs }: InBuckets, empty: () => T): T[] =>
  Array.from({ length: Math.ceil((untilMs - sinceMs) / bucketMs) }, empty);

type Sums = { -readonly [Name in keyof BucketSums]: number };

const addTo = (sums: Sums | undefined, counted: Counted, count: number): void => {
  if (sums === undefined || counted === "cancelled" || counted === "first_attempt") return;
  if (counted === "event") sums.events += count;
  else if (counted === "delivered") sums.delivered += count;
  else if (isAttemptResult(counted)) sums.failed += count;
  else sums.deadLettered += count;
};

const deadLetterSums = (byCounted: ReadonlyMap<Counted, number>): Overview["deadLettered"] => {
  const sums: Partial<Record<DeadLetterReason, number>> = {};
  for (const reason of DEAD_LETTER_REASONS) {
    const count = byCounted.get(`dead_letter_${reason}`);
    if (count !== undefined) sums[reason] = count;
  }
  return sums;
};

const activityRows = (db: DatabaseSync) => {
  const readers = { endpoint: bucketReader(db, "endpoint"), agent: bucketReader(db, "agent") };
  return async (
    of: "endpoint" | "agent",
    owner: number | undefined,
    buckets: InBuckets,
  ): Promise<ActivityRow> => {
    const sums = bucketsOf(buckets, () => ({
      events: 0,
      delivered: 0,
      failed: 0,
      deadLettered: 0,
    }));
    if (owner !== undefined) {
      await readers[of](owner, buckets, (bucket, counted, count) =>
        addTo(sums[bucket], counted, count),
      );
    }
    return {
      delivered: sums.map(({ delivered }) => delivered),
      failed: sums.map(({ failed }) => failed),
    };
  };
};

const MAX_FAILING = 20;

const text = (value: unknown): string | undefined =>
  typeof value === "string" ? value : undefined;

const failingOn = (db: DatabaseSync, ids: Ids) => {
  const find = failingDestinations(db);
  const endpoint = db.prepare("SELECT name, uid FROM endpoints WHERE hash = ?");
  return async (
    { workspace, agents, endpoints }: Whose,
    query: OverviewQuery,
  ): Promise<FailingDestination[]> => {
    const only = agents === undefined ? undefined : new Set(agents);
    const found = await find(workspace, query, { limit: MAX_FAILING, agents: only, endpoints });
    return found.map(({ endpoint: hash, agent, attempted, failed }) => {
      const row = hash === 0 ? undefined : endpoint.get(hash);
      return {
        endpointId: text(row?.["name"]),
        uid: text(row?.["uid"]),
        agentId: hash === 0 ? ids.agentName(agent) : undefined,
        attempted,
        failed,
      };
    });
  };
};

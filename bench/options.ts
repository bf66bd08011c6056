import { join } from "node:path";
import { parseSettings } from "@ringback/runtime/settings/parse-settings";
import { booleanSchema, integerSchema } from "@ringback/runtime/settings/settings";
import { z } from "zod";
import { dispatcherSettings } from "../services/dispatcher/src/config.ts";

/** What `make bench` is told by its environment. */
const benchSettings = {
  SCENARIO: z.string().prefault("all"),
  BENCH_FORM: z.enum(["full", "short"]).prefault("full"),
  EVENTS: integerSchema(100, 10_000_000).optional(),
  RATE: integerSchema(1, 100_000).optional(),
  SECONDS: integerSchema(1, 600).optional(),
  ROUNDS: integerSchema(1, 100).optional(),
  ENDPOINTS: integerSchema(1, 20_000).optional(),
  HOSTS: z.enum(["1", "10", "all"]).prefault("all"),
  PROFILE: booleanSchema.prefault("false"),
  DISPATCHER_NODE_OPTIONS: z.string().prefault(""),
  RESULTS_DIR: z.string().prefault(join(import.meta.dirname, "results")),
} as const;

export type BenchOptions = {
  readonly scenario: string;
  readonly isShort: boolean;
  /** Undefined: what the scenario takes by itself. */
  readonly events: number | undefined;
  readonly perSecond: number | undefined;
  readonly seconds: number | undefined;
  readonly rounds: number | undefined;
  readonly endpoints: number | undefined;
  /** So many hosts share the endpoints, each one workspace's; undefined: each endpoint has its own. */
  readonly hosts: number | undefined;
  readonly profileTo: string | undefined;
  readonly resultsTo: string;
  /** Options of Node.js for the dispatcher, such as --max-semi-space-size=4. */
  readonly dispatcherNodeOptions: string;
  /** Settings of the dispatcher that the environment names, such as MAX_IN_FLIGHT. */
  readonly dispatcherSettings: Readonly<Record<string, string>>;
};

/** The benchmark arranges these itself. */
const OURS = /^(NATS_|ADMIN_|ALLOW|HEADER_ENCRYPTION|EXTRA_CA|EGRESS)/;

/** The options in an environment; throws one error with all that is wrong. */
export const readOptions = (environment: NodeJS.ProcessEnv): BenchOptions => {
  const read = parseSettings(benchSettings, environment);
  const given = Object.keys(dispatcherSettings).flatMap((name) => {
    const value = environment[name] ?? "";
    return value === "" || OURS.test(name) ? [] : [[name, value] as const];
  });
  return {
    scenario: read.SCENARIO,
    isShort: read.BENCH_FORM === "short",
    events: read.EVENTS,
    perSecond: read.RATE,
    seconds: read.SECONDS,
    rounds: read.ROUNDS,
    endpoints: read.ENDPOINTS,
    hosts: read.HOSTS === "all" ? undefined : Number(read.HOSTS),
    profileTo: read.PROFILE ? join(read.RESULTS_DIR, "profiles") : undefined,
    resultsTo: read.RESULTS_DIR,
    dispatcherNodeOptions: read.DISPATCHER_NODE_OPTIONS,
    dispatcherSettings: Object.fromEntries(given),
  };
};

import { STREAMS } from "@ringback/contracts/streams/subjects";
import { dueForm } from "@ringback/runtime/streams/due-form";
import { originIn, type StreamOrigins } from "@ringback/contracts/streams/stream-origin";
import type { RedeliveryDeps } from "./deps.ts";
import { followJobs, type JobIndex, type JobIndexOptions } from "./jobs/job-index.ts";
import { jobStore } from "./jobs/job-store.ts";
import { startRedeliveryRunner } from "./jobs/runner.ts";

export type RedeliveryOptions = Pick<
  RedeliveryDeps,
  "nats" | "projection" | "rules" | "now" | "endpointsSeenBy"
> &
  Pick<JobIndexOptions, "onStreamLost" | "log"> & { readonly origins: StreamOrigins };

export type RunningRedelivery = {
  readonly redelivery: Omit<RedeliveryDeps, "requests" | "endpoints">;
  /** Call every few seconds with the state of REDELIVERIES. */
  readonly compare: JobIndex["compare"];
  readonly stop: () => Promise<void>;
};

/** Follows redelivery jobs, and runs them where this process has the lease. */
export const startRedelivery = (options: RedeliveryOptions): RunningRedelivery => {
  const { nats, origins, projection, rules, now, endpointsSeenBy, log, onStreamLost } = options;
  const jobs = jobStore(nats);
  const due = dueForm(nats, log);
  const index = followJobs({ nats, onNew: () => runner.wake(), onStreamLost, log });
  const running = { nats, due, projection, rules, now, endpointsSeenBy, jobs };
  const runner = startRedeliveryRunner({ ...running, index, log });
  return {
    redelivery: { ...running, eventsOrigin: originIn(origins, STREAMS.events), index },
    compare: index.compare,
    stop: async () => {
      await runner.stop();
      await index.stop();
      due.close();
    },
  };
};

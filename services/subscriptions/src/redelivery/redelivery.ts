import type { EventRules } from "@ringback/contracts/events/event-check";
import { STREAMS } from "@ringback/contracts/streams/subjects";
import { dueForm } from "@ringback/runtime/streams/due-form";
import type { Logger } from "@ringback/runtime/telemetry/logger";
import type { Nats } from "@ringback/runtime/nats/connection";
import type { StreamCreation } from "@ringback/runtime/streams/stream-watch";
import type { Projection } from "../projection/projection.ts";
import type { RequestStore } from "../idempotency/request-store.ts";
import { followJobs, type JobIndex } from "./jobs/job-index.ts";
import { jobStore, type JobStore } from "./jobs/job-store.ts";
import { startRedeliveryRunner } from "./jobs/runner.ts";
import type { StartDeps } from "./start-delivery.ts";

/** What the calls about redeliveries and test events work with. */
export type Redelivery = StartDeps & {
  /** When EVENTS was made: ids of events name it. */
  readonly eventsCreatedMs: number;
  readonly rules: EventRules;
  readonly requests: RequestStore;
  readonly now: () => Date;
  readonly jobs: JobStore;
  readonly index: Pick<JobIndex, "page" | "countsIn" | "applied">;
  readonly projection: Pick<Projection, "redeliveryProgress" | "lag">;
};

export type RedeliveryOptions = {
  readonly nats: Nats;
  readonly created: StreamCreation;
  readonly projection: Projection;
  readonly rules: EventRules;
  readonly now: () => Date;
  readonly onStreamLost: (error: unknown) => void;
  readonly log: Logger;
};

export type RunningRedelivery = {
  readonly redelivery: Omit<Redelivery, "requests">;
  /** To be told the state of REDELIVERIES every few seconds. */
  readonly compare: JobIndex["compare"];
  readonly stop: () => Promise<void>;
};

/** Follows redelivery jobs, and runs them when this process is the one that does. */
export const startRedelivery = (options: RedeliveryOptions): RunningRedelivery => {
  const { nats, created, projection, rules, now, log, onStreamLost } = options;
  const jobs = jobStore(nats);
  const due = dueForm(nats, log);

  const index = followJobs({ nats, onStreamLost, log });
  const runner = startRedeliveryRunner({
    nats,
    due,
    projection,
    rules,
    now,
    store: jobs,
    index,
    log,
  });
  index.onNew(runner.wake);
  return {
    redelivery: {
      nats,
      due,
      eventsCreatedMs: created.get(STREAMS.events) ?? 0,
      rules,
      now,
      jobs,
      index,
      projection,
    },
    compare: index.compare,
    stop: async () => {
      await runner.stop();
      await index.stop();
      due.close();
    },
  };
};

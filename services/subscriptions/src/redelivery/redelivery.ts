import type { EventRules } from "@ringback/contracts/events/event-check";
import { STREAMS } from "@ringback/contracts/streams/subjects";
import { dueForm } from "@ringback/runtime/streams/due-form";
import type { Logger } from "@ringback/runtime/telemetry/logger";
import type { Nats } from "@ringback/runtime/nats/connection";
import type { StreamCreation } from "@ringback/runtime/streams/stream-watch";
import type { Projection } from "../projection/projection.ts";
import type { RedeliveryDeps } from "./deps.ts";
import { followJobs, type JobIndex } from "./jobs/job-index.ts";
import { jobStore } from "./jobs/job-store.ts";
import { startRedeliveryRunner } from "./jobs/runner.ts";

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
  readonly redelivery: Omit<RedeliveryDeps, "requests">;
  /** Call every few seconds with the state of REDELIVERIES. */
  readonly compare: JobIndex["compare"];
  readonly stop: () => Promise<void>;
};

/** Follows redelivery jobs, and runs them where this process has the lease. */
export const startRedelivery = (options: RedeliveryOptions): RunningRedelivery => {
  const { nats, created, projection, rules, now, log, onStreamLost } = options;
  const jobs = jobStore(nats);
  const due = dueForm(nats, log);
  const index = followJobs({ nats, onStreamLost, log });
  const running = { nats, due, projection, rules, now, jobs };
  const runner = startRedeliveryRunner({ ...running, index, log });
  index.onNew(runner.wake);
  return {
    redelivery: { ...running, eventsCreatedMs: created.get(STREAMS.events) ?? 0, index },
    compare: index.compare,
    stop: async () => {
      await runner.stop();
      await index.stop();
      due.close();
    },
  };
};

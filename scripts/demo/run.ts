import { attemptRecordSchema, type AttemptRecord } from "@ringback/contracts/deliveries/attempt";
import { deadLetterSchema, type DeadLetter } from "@ringback/contracts/deliveries/dead-letter";
import { STREAMS } from "@ringback/contracts/streams/subjects";
import { metricsPage } from "./api.ts";
import type { SampleEvent } from "./events.ts";
import { metricProblems, metricSamples, metricSum, type MetricSample } from "./metrics.ts";
import type { DemoNats } from "./nats.ts";
import { EXPECTED_COUNTS } from "./plan.ts";
import { nextText, outcomeText } from "./report.ts";
import { eventually, explain } from "../local/wait.ts";

const SUBSCRIPTIONS_SEEN_MS = 5_000;
const DELIVERIES_MS = 30_000;
const SETTLE_MS = 5_000;

export type RunDeps = {
  readonly nats: DemoNats;
  readonly dispatcherAdminUrl: string;
  /** Prints a line of progress. */
  readonly say: (text: string) => void;
  readonly signal: AbortSignal;
};

export type RunResult = {
  readonly attempts: readonly AttemptRecord[];
  readonly deadLetters: readonly DeadLetter[];
  /** What could not be read, and what was waited for in vain. */
  readonly problems: readonly string[];
};

/** Publishes the samples and watches until every attempt was made and the dispatcher has nothing left to do. */
export const runEvents = async (
  samples: readonly SampleEvent[],
  deps: RunDeps,
): Promise<RunResult> => {
  const { nats, say, signal } = deps;
  await subscriptionsSeen(samples.length, deps);
  const attempts: AttemptRecord[] = [];
  const deadLetters: DeadLetter[] = [];
  const problems: string[] = [];
  const onUnreadable = (problem: string) => void problems.push(problem);
  const onAttempt = (record: AttemptRecord): void => {
    attempts.push(record);
    say(attemptLine(record));
  };
  const onDeadLetter = (letter: DeadLetter): void => {
    deadLetters.push(letter);
    say(`dead letter: ${letter.reason}: ${letter.message}`);
  };
  await nats.watch(STREAMS.attempts, attemptRecordSchema, onAttempt, onUnreadable);
  await nats.watch(STREAMS.deadLetters, deadLetterSchema, onDeadLetter, onUnreadable);
  for (const sample of samples) {
    const sequence = await nats.publish(sample);
    say(`published ${sample.eventType}: ${sample.message.body.length} bytes, event ${sequence}`);
  }
  const { attempts: attemptCount, deadLetters: letterCount } = EXPECTED_COUNTS;
  const isComplete = () => attempts.length >= attemptCount && deadLetters.length >= letterCount;
  const complete = eventually(() => (isComplete() ? true : undefined), {
    what: `${attemptCount} attempts and ${letterCount} dead letter`,
    timeoutMs: DELIVERIES_MS,
    signal,
  });
  // In vain is no reason to stop here: what was seen until then shows what is wrong.
  problems.push(...(await problemOf(complete.then(() => nothingLeft(deps)))));
  signal.throwIfAborted();
  return { attempts, deadLetters, problems };
};

const problemOf = async (promise: Promise<unknown>): Promise<readonly string[]> => {
  try {
    await promise;
    return [];
  } catch (error) {
    return [explain(error)];
  }
};

/** An event may use the old subscriptions for up to a second, which here would be: none. */
const subscriptionsSeen = (count: number, { dispatcherAdminUrl, signal }: RunDeps): Promise<true> =>
  eventually(
    async () => {
      const samples = metricSamples(await metricsPage(dispatcherAdminUrl));
      return metricSum(samples, "ringback_subscriptions") === count ? true : undefined;
    },
    {
      what: `the dispatcher to know ${count} subscriptions (metric ringback_subscriptions)`,
      timeoutMs: SUBSCRIPTIONS_SEEN_MS,
      signal,
    },
  );

/** Waits until no retry and no event is left, so that an attempt too many would have shown. */
const nothingLeft = ({ nats, signal }: RunDeps): Promise<true> =>
  eventually(
    async (): Promise<true> => {
      const unfinished = await nats.unfinished();
      if (unfinished !== undefined) throw new Error(unfinished);
      return true;
    },
    { what: "the dispatcher to finish", timeoutMs: SETTLE_MS, signal },
  );

/**
 * The dispatcher's counters once they agree with the plan, or as they are after a while: an attempt
 * is counted a moment after its record can be seen.
 */
export const settledMetrics = async (adminUrl: string): Promise<readonly MetricSample[]> => {
  let samples: readonly MetricSample[] = [];
  const agree = async (): Promise<true | undefined> => {
    samples = metricSamples(await metricsPage(adminUrl));
    return metricProblems(samples).length === 0 ? true : undefined;
  };
  await problemOf(eventually(agree, { what: "the counters", timeoutMs: 2_000 }));
  return samples;
};

const attemptLine = (record: AttemptRecord): string => {
  const { event_type, attempt, outcome } = record;
  return `attempt ${attempt} of ${event_type}: ${outcomeText(outcome)}, ${nextText(record)}`;
};

import {
  DEAD_LETTER_REASONS,
  type DeadLetterReason,
} from "@ringback/contracts/deliveries/dead-letter";
import { ATTEMPT_RESULTS, type AttemptResult } from "./facets.ts";

/** What is counted over time: results of attempts, why deliveries were dead-lettered, events, and waits for first attempts. */
export type Counted = AttemptResult | `dead_letter_${DeadLetterReason}` | "event" | "first_attempt";

const deadLetters = DEAD_LETTER_REASONS.map((reason) => `dead_letter_${reason}` as const);

/** Rows have its index here: the reasons are in the file's fingerprint. */
const COUNTED: readonly Counted[] = [...ATTEMPT_RESULTS, ...deadLetters, "event", "first_attempt"];

export const countedNumber = (counted: Counted): number => COUNTED.indexOf(counted);

export const countedOf = (number: number): Counted => {
  const counted = COUNTED[number];
  if (counted === undefined) throw new RangeError(`nothing is counted as ${number}`);
  return counted;
};

const RESULTS: ReadonlySet<string> = new Set(ATTEMPT_RESULTS);

/** Whether it is the result of an attempt. */
export const isAttemptResult = (counted: Counted): counted is AttemptResult => RESULTS.has(counted);

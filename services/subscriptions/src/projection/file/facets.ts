import {
  FAILURE_REASONS,
  type FailureReason,
  type Outcome,
} from "@ringback/contracts/deliveries/attempt";
import { DEAD_LETTER_REASONS } from "@ringback/contracts/deliveries/dead-letter";
import { EVENT_STATUSES, type EventStatus } from "@ringback/contracts/deliveries/event-status";
import {
  EVENT_TYPES,
  isBuiltIn,
  isEventTypeName,
  type EventType,
} from "@ringback/contracts/events/event-types";
import type {
  AttemptOutcome,
  AttemptsQuery,
  DeadLettersQuery,
  DeliveriesQuery,
} from "../projection.ts";

/** Comes after the catalogue's types: a dead letter of a message that could not be parsed. */
const UNKNOWN_TYPE = EVENT_TYPES.length;

/** Types that are not built in share these numbers: rows name them too (`customType`). */
const CUSTOM_NUMBERS = 8;
const FIRST_CUSTOM = UNKNOWN_TYPE + 1;

/** The type for a row's `custom` column; null: built in, so the facet names it. */
export const customType = (eventType: string): string | null =>
  isBuiltIn(eventType) || !isEventTypeName(eventType) ? null : eventType;

const typeNumber = (type: string): number => {
  if (isBuiltIn(type)) return EVENT_TYPES.indexOf(type);
  return isEventTypeName(type) ? FIRST_CUSTOM + (sumOf(type) % CUSTOM_NUMBERS) : UNKNOWN_TYPE;
};

const sumOf = (type: string): number => {
  let sum = 0;
  for (const character of type) sum = (sum * 31 + character.charCodeAt(0)) % 65_521;
  return sum;
};

/**
 * A row's event type and what became of it, as one small number: one index then serves every
 * combination of the two, as a filter is a set of numbers (`projection/query/row-queries.ts` merges their ranges).
 */
const facetsOf = <State extends string>(all: readonly State[]) => {
  const number = (type: number, state: State): number => type * all.length + all.indexOf(state);
  const everyType = Array.from({ length: FIRST_CUSTOM + CUSTOM_NUMBERS }, (_, type) => type);
  return {
    of: (eventType: string, state: State): number => number(typeNumber(eventType), state),
    stateOf: (facet: number): State => {
      const state = all[facet % all.length];
      if (state === undefined) throw new RangeError(`facet ${facet} has no state`);
      return state;
    },
    /** The same type in another state. */
    withState: (facet: number, state: State): number =>
      facet - (facet % all.length) + all.indexOf(state),
    /** Undefined where the type is not built in. */
    typeOf: (facet: number): EventType | undefined => EVENT_TYPES[Math.floor(facet / all.length)],
    /** Every facet of these types and states; undefined: of all. */
    matching: (types: readonly EventType[] | undefined, states: readonly State[] = all): number[] =>
      [...new Set(types?.map(typeNumber) ?? everyType)].flatMap((type) =>
        states.map((state) => number(type, state)),
      ),
  };
};

/** The state of an event whose deliveries have rows of their own. */
export const SEVERAL = "several";

const EVENT_STATES = [...EVENT_STATUSES, SEVERAL] as const;

export const EVENT_FACETS = facetsOf<EventStatus | typeof SEVERAL>(EVENT_STATES);

export const DELIVERY_FACETS = facetsOf<EventStatus>(EVENT_STATUSES);

/** The outcome of an attempt, or the reason of its failure. */
export type AttemptResult = Exclude<AttemptOutcome, "failed"> | FailureReason;

export const ATTEMPT_RESULTS = ["delivered", "cancelled", ...FAILURE_REASONS] as const;

export const ATTEMPT_FACETS = facetsOf<AttemptResult>(ATTEMPT_RESULTS);

export const DEAD_LETTER_FACETS = facetsOf(DEAD_LETTER_REASONS);

export const attemptResult = (outcome: Outcome): AttemptResult =>
  outcome.kind === "failed" ? outcome.reason : outcome.kind;

/** The file has these numbers: another catalogue, order or list of reasons needs another file. */
export const FACETS_FINGERPRINT = [EVENT_TYPES, EVENT_STATES, ATTEMPT_RESULTS, DEAD_LETTER_REASONS]
  .map((names) => names.join(","))
  .join(";");

/** The types of a query that are not built in; undefined: its facets are enough. */
export const customTypesIn = (
  types: readonly EventType[] | undefined,
): readonly EventType[] | undefined => {
  const custom = types?.filter((type) => customType(type) !== null);
  return custom?.length === 0 ? undefined : custom;
};

type ByStatus = Pick<DeliveriesQuery, "eventTypes" | "statuses">;

/** Of events that are their own delivery; without statuses of all events. */
export const eventFacets = ({ eventTypes, statuses }: ByStatus): number[] =>
  EVENT_FACETS.matching(eventTypes, statuses);

export const deliveryFacets = ({ eventTypes, statuses }: ByStatus): number[] =>
  DELIVERY_FACETS.matching(eventTypes, statuses);

/** No facet where reasons are given together with outcomes among which `failed` is not. */
export const attemptFacets = ({ eventTypes, outcomes, reasons }: AttemptsQuery): number[] => {
  const ofOutcomes = outcomes?.flatMap(resultsOf) ?? ATTEMPT_RESULTS;
  const results = ofOutcomes.filter((result) => reasons?.some((one) => one === result) ?? true);
  return ATTEMPT_FACETS.matching(eventTypes, results);
};

const resultsOf = (outcome: AttemptOutcome): readonly AttemptResult[] =>
  outcome === "failed" ? FAILURE_REASONS : [outcome];

export const deadLetterFacets = ({ eventTypes, reasons }: DeadLettersQuery): number[] =>
  DEAD_LETTER_FACETS.matching(eventTypes, reasons);

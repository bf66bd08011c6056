import { idSchema } from "@ringback/contracts/id";
import { z } from "zod";

const ofDestination = {
  /** Missing: the agent's subscription. */
  endpoint_id: idSchema.optional(),
  uid: z.string().optional(),
};

/** A delivery that a request starts or brings forward, and which attempt of it is next. */
const startedSchema = z.object({
  ...ofDestination,
  mode: z.enum(["redelivery", "retry_now"]),
  delivery_id: idSchema,
  attempt: z.int().positive(),
  // Missing in records of an earlier version.
  attempts_left: z.int().nonnegative().nullable().default(null),
});

export type StartedRun = z.infer<typeof startedSchema>;

const inProgressSchema = z.object({ ...ofDestination, mode: z.literal("in_progress") });

const runSchema = z.discriminatedUnion("mode", [startedSchema, inProgressSchema]);

/** What a request to deliver an event again does at one destination. */
export type Run = z.infer<typeof runSchema>;

/** What a request does at all of its destinations: decided once, before anything is done. */
export type DecidedRuns = {
  readonly runs: readonly Run[];
  readonly countsAgainstSchedule: boolean;
};

const decidedSchema = z.object({
  // Missing in records of an earlier version, where each attempt counted.
  counts_against_schedule: z.boolean().default(true),
});

const storedSchema = z.union([
  decidedSchema.extend({ deliveries: z.array(runSchema).min(1) }),
  decidedSchema.extend(startedSchema.shape),
]);

/** The decision as REQUESTS keeps it. */
export type StoredRuns = z.input<typeof storedSchema>;

/** The form to store a decision in; for one delivery alone it is that of earlier versions. */
export const storedRuns = ({ runs, countsAgainstSchedule }: DecidedRuns): StoredRuns => {
  const counts = { counts_against_schedule: countsAgainstSchedule };
  const [only, ...others] = runs;
  return only !== undefined && others.length === 0 && only.mode !== "in_progress"
    ? { ...only, ...counts }
    : { deliveries: [...runs], ...counts };
};

/** The decision in a stored record; throws where there is none. */
export const readRuns = (stored: unknown): DecidedRuns => {
  const { counts_against_schedule: countsAgainstSchedule, ...rest } = storedSchema.parse(stored);
  return { runs: "deliveries" in rest ? rest.deliveries : [rest], countsAgainstSchedule };
};

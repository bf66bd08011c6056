import { z } from "zod";
import { countedList } from "../json/counted-list.ts";
import { parseDurationMs } from "../duration.ts";
import { parseSuccessStatus } from "./success-status.ts";

/** A customer's choices for one subscription; bounds are inclusive. */
export const POLICY_BOUNDS = {
  timeoutMs: { min: 1_000, max: 30_000 },
  retryDelayMs: { min: 1_000, max: 86_400_000 },
  retries: { min: 0, max: 10 },
  maxInFlight: { min: 1, max: 1_024 },
  perSecond: { min: 0.01, max: 10_000 },
  burst: { min: 1, max: 10_000 },
} as const;

export type Bounds = { readonly min: number; readonly max: number };

/** Longer than any useful duration or list of statuses. */
const MAX_TEXT = 100;

export const RETRY_AFTER_CHOICES = ["honour", "ignore"] as const;

const storedRateSchema = z.object({ per_second: z.number(), burst: z.number() });

/**
 * A subscription's overrides of the operator's settings, as they are stored. Without bounds, so that stored
 * subscriptions can still be read when the bounds change.
 */
export const storedPolicySchema = z.object({
  timeout: z.string().optional(),
  retry_delays: z.array(z.string()).optional(),
  success_status: z.string().optional(),
  max_in_flight: z.number().optional(),
  rate_limit: storedRateSchema.optional(),
  retry_after: z.enum(RETRY_AFTER_CHOICES).optional(),
});

export type DeliveryPolicy = z.infer<typeof storedPolicySchema>;

const durationSchema = ({ min, max }: Bounds, error: string) =>
  z.string({ error }).refine(
    (text) => {
      const durationMs = text.length > MAX_TEXT ? undefined : parseDurationMs(text);
      return durationMs !== undefined && durationMs >= min && durationMs <= max;
    },
    { error },
  );

const integerSchema = ({ min, max }: Bounds) => {
  const error = `must be a whole number from ${min} to ${max}`;
  return z.int({ error }).min(min, { error }).max(max, { error });
};

const rateSchema = ({ min, max }: Bounds) => {
  const error = `must be a number from ${min} to ${max}`;
  return z.number({ error }).min(min, { error }).max(max, { error });
};

const STATUSES = "must be statuses such as 200, 200,202 or 2xx";

const { timeoutMs, retryDelayMs, retries, maxInFlight, perSecond, burst } = POLICY_BOUNDS;

/** `delivery` in a request: no unknown fields, all values within bounds. */
export const deliveryPolicySchema = z.strictObject({
  timeout: durationSchema(timeoutMs, "must be a duration from 1s to 30s, such as 10s").optional(),
  retry_delays: countedList(
    z
      .array(
        durationSchema(retryDelayMs, "must be a duration from 1s to 24h, such as 10s, 5m or 1h"),
        {
          error: `must be a list of at most ${retries.max} durations, such as ["10s", "5m", "1h"]`,
        },
      )
      .max(retries.max),
    ({ length }) => (length > retries.max ? `must be at most ${retries.max} delays` : undefined),
  ).optional(),
  success_status: z
    .string({ error: STATUSES })
    .refine((text) => text.length <= MAX_TEXT && parseSuccessStatus(text) !== undefined, {
      error: STATUSES,
    })
    .optional(),
  max_in_flight: integerSchema(maxInFlight).optional(),
  rate_limit: z
    .strictObject({ per_second: rateSchema(perSecond), burst: integerSchema(burst) })
    .optional(),
  retry_after: z
    .enum(RETRY_AFTER_CHOICES, { error: `must be one of ${RETRY_AFTER_CHOICES.join(", ")}` })
    .optional(),
});

/** The policy as it is stored; undefined for one that sets nothing. */
export const policyToStore = (policy: DeliveryPolicy | undefined): DeliveryPolicy | undefined =>
  policy === undefined || Object.keys(policy).length === 0 ? undefined : policy;

/** A policy's fields in a fixed order, with their spelling: customers see what they stored. */
const asText = (policy: DeliveryPolicy = {}): string => JSON.stringify(policy, FIELDS);

const FIELDS = [storedPolicySchema, storedRateSchema].flatMap(({ shape }) => Object.keys(shape));

/** True when both set the same values; a missing policy equals one that sets nothing. */
export const samePolicy = (a: DeliveryPolicy | undefined, b: DeliveryPolicy | undefined): boolean =>
  asText(a) === asText(b);

import { eventSettings } from "@ringback/runtime/settings/event-settings";
import { RETRY_AFTER_CHOICES } from "@ringback/contracts/agents/delivery-policy";
import { parseSuccessStatus } from "@ringback/contracts/agents/success-status";
import { caFileSchema } from "@ringback/runtime/settings/pem-files";
import { durationListSchema, durationSchema } from "@ringback/runtime/settings/duration";
import {
  deliverySafetySettings,
  headerKeysRule,
  headerSecretSettings,
} from "@ringback/runtime/settings/delivery-settings";
import { namesOf, parseSettings } from "@ringback/runtime/settings/parse-settings";
import {
  booleanSchema,
  COMMON_SECRETS,
  commonSettings,
  integerSchema,
  portSchema,
  type Environment,
  type Settings,
  type SettingsRule,
} from "@ringback/runtime/settings/settings";
import { natsCertificateRule } from "@ringback/runtime/settings/settings-rules";
import { unknownSettings, type UnknownSetting } from "@ringback/runtime/settings/unknown-settings";
import { TRACING_SECRETS, tracingSettings } from "@ringback/runtime/telemetry/tracing-settings";
import { z } from "zod";
import type { EffectivePolicy } from "./delivery/decide/policy.ts";
import { egressProxyOf } from "./send/decide/egress-proxy.ts";

const MAX_RETRIES = 20;
const MAX_TIMEOUT_MS = 10 * 60_000;

const deliveryTimeout = durationSchema.pipe(
  z.number().min(100, "must be at least 100ms").max(MAX_TIMEOUT_MS, "must be at most 10m"),
);

const retryDelays = durationListSchema.pipe(
  z
    .array(z.number().positive("must be longer than nothing"))
    .max(MAX_RETRIES, `must be at most ${MAX_RETRIES} delays`),
);

const jitter = z
  .string()
  .regex(/^\d+(\.\d+)?$/, "is not a number such as 0.1")
  .transform(Number)
  .pipe(z.number().max(1, "must be from 0 to 1"));

const successStatus = z.string().transform((text, context) => {
  const parsed = parseSuccessStatus(text);
  if (parsed !== undefined) return parsed;
  context.addIssue(`'${text}' is not a list of statuses such as 200, 200,202 or 2xx`);
  return z.NEVER;
});

const egressProxy = z.string().transform((text, context) => {
  const proxy = egressProxyOf(text);
  if (proxy !== undefined) return proxy;
  // The URL may hold a password: it is not repeated.
  context.addIssue("is not a URL such as http://proxy:3128 or http://user:password@proxy:3128");
  return z.NEVER;
});

/** The settings of the dispatcher. */
export const dispatcherSettings = {
  ...commonSettings,
  ...eventSettings,
  ...deliverySafetySettings,
  ...headerSecretSettings,
  ...tracingSettings,
  ADMIN_PORT: portSchema.prefault("9082").describe("Port of /livez, /readyz and /metrics"),
  RETRY_DELAYS: retryDelays
    .prefault("10s,1m,2m")
    .describe(
      "Delay after each failure. The number of delays is the number of retries; `none`: one attempt",
    ),
  RETRY_JITTER: jitter
    .prefault("0.1")
    .describe("Random delay that is added to each retry delay: at most this share of it"),
  DELIVERY_TIMEOUT: deliveryTimeout
    .prefault("30s")
    .describe("Time from the start of an attempt to the status and headers of the response"),
  SUCCESS_STATUS: successStatus
    .prefault("200")
    .describe("Statuses that acknowledge an event: `200`, `200,202`, `2xx`"),
  RETRY_AFTER: z
    .enum(RETRY_AFTER_CHOICES)
    .prefault("honour")
    .describe("Whether `Retry-After` of a 429 or 503 lengthens a delay: `honour` or `ignore`"),
  MAX_IN_FLIGHT: integerSchema(1, 65_536)
    .prefault("4096")
    .describe("Attempts in flight at once, per process"),
  ENDPOINT_MAX_IN_FLIGHT: integerSchema(1, 65_536)
    .optional()
    .describe(
      "Attempts in flight at once to one destination (workspace and URL without query), per process. Without it the limiter finds how many the destination answers well",
    ),
  EXTRA_CA_FILE: caFileSchema
    .optional()
    .describe(
      "PEM file with certificates of further authorities that the certificates of endpoints are checked against. Read when the dispatcher starts",
    ),
  EGRESS_PROXY: egressProxy
    .optional()
    .describe(
      "HTTP proxy that all requests go through (CONNECT), such as `http://user:password@proxy:3128`. `EGRESS_PROXY_FILE` names a file instead. The proxy then has to check addresses ([Egress proxy](operations.md#egress-proxy))",
    ),
  LOG_DELIVERED_ONE_IN: integerSchema(1, 1_000_000)
    .prefault("1")
    .describe(
      "Of attempts that delivered, one in so many has a line `delivery.attempted` in the log. Those that failed have theirs always",
    ),
  FORWARD_TRACE_CONTEXT: booleanSchema
    .prefault("false")
    .describe(
      "`true`: requests of traced deliveries carry the header `traceparent`, unless the subscription sets one of its own",
    ),
} as const;

export type DispatcherSettings = Settings<typeof dispatcherSettings>;

/** The defaults of what a subscription may set. */
export const operatorsPolicy = (settings: DispatcherSettings): EffectivePolicy => ({
  timeoutMs: settings.DELIVERY_TIMEOUT,
  retry: { delaysMs: settings.RETRY_DELAYS, jitter: settings.RETRY_JITTER },
  isSuccess: settings.SUCCESS_STATUS,
  retryAfter: settings.RETRY_AFTER,
});

/** From the first attempt to the end of the last one, at the longest: as long as an event has to be kept. */
const longestDeliveryMs = ({ RETRY_DELAYS, RETRY_JITTER, DELIVERY_TIMEOUT }: Retrying): number => {
  const delaysMs = RETRY_DELAYS.reduce((sum, delayMs) => sum + delayMs, 0);
  return delaysMs * (1 + RETRY_JITTER) + (RETRY_DELAYS.length + 1) * DELIVERY_TIMEOUT;
};

type Retrying = Pick<DispatcherSettings, "RETRY_DELAYS" | "RETRY_JITTER" | "DELIVERY_TIMEOUT">;

const isKnown = (valid: Partial<Retrying>): valid is Retrying =>
  valid.RETRY_DELAYS !== undefined &&
  valid.RETRY_JITTER !== undefined &&
  valid.DELIVERY_TIMEOUT !== undefined;

/**
 * An event, and the records of its attempts, are kept until its last attempt ends. A subscription may ask for a longer
 * schedule of its own: what comes of that is said where subscriptions are documented.
 */
const keptLongEnoughRule =
  (age: "EVENTS_MAX_AGE" | "ATTEMPTS_MAX_AGE"): SettingsRule =>
  (_, valid) => {
    const settings: Partial<DispatcherSettings> = valid;
    const keptMs = settings[age];
    if (keptMs === undefined || !isKnown(settings)) return undefined;
    const neededMs = Math.ceil(longestDeliveryMs(settings));
    return keptMs >= neededMs
      ? undefined
      : `${age}: is ${keptMs / 1_000}s, but RETRY_DELAYS, RETRY_JITTER and DELIVERY_TIMEOUT allow a delivery to take ` +
          `${neededMs / 1_000}s: expected at least as much`;
  };

const SECRETS = [...COMMON_SECRETS, ...TRACING_SECRETS, "EGRESS_PROXY"] as const;

const RULES = [
  headerKeysRule,
  natsCertificateRule,
  keptLongEnoughRule("EVENTS_MAX_AGE"),
  keptLongEnoughRule("ATTEMPTS_MAX_AGE"),
];

/** The dispatcher's settings in an environment; throws one SettingsError with all problems. */
export const readDispatcherSettings = (environment: Environment): DispatcherSettings =>
  parseSettings(dispatcherSettings, environment, SECRETS, RULES);

/** Variables that are no settings of the dispatcher, though their names are like ones. */
export const unknownDispatcherSettings = (environment: Environment): readonly UnknownSetting[] =>
  unknownSettings(namesOf(dispatcherSettings, SECRETS), environment);

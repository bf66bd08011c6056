import { eventSettings } from "@ringback/runtime/settings/event-settings";
import { RETRY_AFTER_CHOICES } from "@ringback/contracts/agents/delivery-policy";
import { parseSuccessStatus } from "@ringback/contracts/agents/success-status";
import { caFileSchema } from "@ringback/runtime/settings/ca-file";
import { durationListSchema, durationSchema } from "@ringback/runtime/settings/duration";
import {
  deliverySafetySettings,
  headerKeysRule,
  headerSecretSettings,
} from "@ringback/runtime/settings/delivery-settings";
import {
  booleanSchema,
  COMMON_SECRETS,
  commonSettings,
  integerSchema,
  parseSettings,
  portSchema,
  type Environment,
  type Settings,
} from "@ringback/runtime/settings/settings";
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

/** The dispatcher's settings in an environment; throws one SettingsError with all problems. */
export const readDispatcherSettings = (environment: Environment): DispatcherSettings =>
  parseSettings(
    dispatcherSettings,
    environment,
    [...COMMON_SECRETS, ...TRACING_SECRETS, "EGRESS_PROXY"],
    [headerKeysRule],
  );

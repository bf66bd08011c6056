import { eventSettings } from "@ringback/runtime/settings/event-settings";
import { z } from "zod";
import { consoleSettings } from "./console/console-settings.ts";
import { SIGN_IN_SECRETS, signInRule, signInSettings } from "./sign-in/sign-in-settings.ts";
import {
  cidrsSchema,
  deliverySafetySettings,
  headerKeysRule,
  headerSecretSettings,
} from "@ringback/runtime/settings/delivery-settings";
import { namesOf, parseSettings } from "@ringback/runtime/settings/parse-settings";
import {
  booleanSchema,
  bytesSchema,
  COMMON_SECRETS,
  commonSettings,
  integerSchema,
  portSchema,
  type Environment,
  type Settings,
  type SettingsRule,
} from "@ringback/runtime/settings/settings";
import { differentPortsRule, natsCertificateRule } from "@ringback/runtime/settings/settings-rules";
import { unknownSettings, type UnknownSetting } from "@ringback/runtime/settings/unknown-settings";
import { TRACING_SECRETS, tracingSettings } from "@ringback/runtime/telemetry/tracing-settings";

/** The settings of the subscriptions service, from its environment. */
export const subscriptionsSettings = {
  ...commonSettings,
  ADMIN_PORT: portSchema.prefault("9081").describe("Port of /livez, /readyz and /metrics"),
  HTTP_HOST: z.string().min(1).prefault("0.0.0.0").describe("Address of the API"),
  HTTP_PORT: portSchema.prefault("8080").describe("Port of the API"),
  API_KEYS_FILE: z
    .string({ error: "is required: the path of the JSON file of API keys" })
    .describe(
      "JSON file with an array of API keys, such as `./api-keys.json`. `make api-key` makes an entry; the service reads the file again when it changes",
    ),
  TRUSTED_PROXIES: cidrsSchema
    .prefault("")
    .describe(
      "Networks of the proxies in front of the API, separated by commas. The service takes a caller's address from their `X-Forwarded-For`",
    ),
  AGENT_REGISTRATION: z
    .enum(["required", "automatic"])
    .prefault("required")
    .describe(
      "`automatic`: an agent's first PATCH registers it. `required`: it has to be registered before",
    ),
  SIGN_NEW_SUBSCRIPTIONS: booleanSchema
    .prefault("false")
    .describe(
      "`true`: an agent's first subscription gets a signing secret, which the response to its PATCH shows once. A later one is signed with the secret that the agent's others have, whatever is set here",
    ),
  REQUESTS_PER_MINUTE_PER_KEY: integerSchema(1, 10_000_000)
    .prefault("6000")
    .describe(
      "Requests that one API key may make in a minute, per process. Further requests get 429 with `Retry-After`",
    ),
  MAX_AGENTS_PER_WORKSPACE: integerSchema(1, 10_000_000)
    .prefault("10000")
    .describe("Agents that a workspace may have. A further agent gets 422"),
  ENDPOINTS_PER_WORKSPACE: integerSchema(1, 1_000)
    .prefault("50")
    .describe("Endpoints that a workspace may have. A further endpoint gets 422"),
  MAX_CONFIGURATION_PER_WORKSPACE: bytesSchema
    .prefault("64MiB")
    .describe("Stored size of all agents and endpoints of a workspace, without their history"),
  CHANGES_PER_MINUTE_PER_WORKSPACE: integerSchema(1, 10_000_000)
    .prefault("3000")
    .describe("Changes of agents and endpoints that a workspace may make in a minute, per process"),
  CHANGED_PER_DAY_PER_WORKSPACE: bytesSchema
    .prefault("256MiB")
    .describe("Stored size of the changes that a workspace may make in a day, per process"),
  PROJECTION_DIR: z
    .string()
    .optional()
    .describe(
      "Folder of the index that lists are read from, kept over restarts. Each instance needs one of its own. Without it the index is temporary, and each start reads the streams again",
    ),
  PROJECTION_MAX_BYTES: bytesSchema
    .prefault("unlimited")
    .describe(
      "Size of the index at which lists forget their oldest rows, below the room that its folder has ([Sizing](operations.md#the-index-of-lists))",
    ),
  ...consoleSettings,
  ...signInSettings,
  ...eventSettings,
  ...deliverySafetySettings,
  ...headerSecretSettings,
  ...tracingSettings,
} as const;

export type SubscriptionsSettings = Settings<typeof subscriptionsSettings>;

/** The portal's pages are for other people, and so have an origin of their own. */
const portalApartRule: SettingsRule = (_, valid) =>
  valid["PORTAL_ORIGIN"] !== undefined && valid["PORTAL_ORIGIN"] === valid["PUBLIC_ORIGIN"]
    ? "PORTAL_ORIGIN: is that of the console (PUBLIC_ORIGIN): expected a host of its own"
    : undefined;

const SECRETS = [...COMMON_SECRETS, ...TRACING_SECRETS, ...SIGN_IN_SECRETS] as const;

const RULES = [
  headerKeysRule,
  signInRule,
  natsCertificateRule,
  differentPortsRule("HTTP_PORT", "ADMIN_PORT"),
  portalApartRule,
];

/** The service's settings in an environment; throws one SettingsError with all problems. */
export const readSubscriptionsSettings = (environment: Environment): SubscriptionsSettings =>
  parseSettings(subscriptionsSettings, environment, SECRETS, RULES);

/** Variables that are no settings of the service, though their names are like ones. */
export const unknownSubscriptionsSettings = (environment: Environment): readonly UnknownSetting[] =>
  unknownSettings(namesOf(subscriptionsSettings, SECRETS), environment);

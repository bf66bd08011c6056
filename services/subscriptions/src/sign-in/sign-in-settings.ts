import { durationSchema } from "@ringback/runtime/settings/duration";
import type { SettingsRule } from "@ringback/runtime/settings/settings";
import { z } from "zod";
import { readRoles } from "./roles.ts";

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/** https, or http to a server on this machine. */
const isSafe = ({ protocol, hostname }: URL): boolean =>
  protocol === "https:" || (protocol === "http:" && LOOPBACK.test(hostname));

const issuerSchema = z.string().refine((text) => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url !== undefined && isSafe(url) && url.search === "" && url.hash === "";
}, "must be the https:// address of the provider, as it names itself (http is for loopback alone)");

const publicOriginSchema = z.string().refine((text) => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url !== undefined && url.origin === text && isSafe(url);
}, "must be an origin such as https://ringback.example.com, without a path (http is for loopback alone)");

const rolesSchema = z.string().transform((text, context) => {
  const read = readRoles(text);
  if (read.kind === "rules") return read.rules;
  context.addIssue(read.message);
  return z.NEVER;
});

/** How people sign in to the console with the accounts of their organisation. */
export const signInSettings = {
  PUBLIC_ORIGIN: publicOriginSchema
    .optional()
    .describe(
      "Origin at which people reach the console, such as `https://ringback.example.com`. Needed for sign-in with OIDC",
    ),
  OIDC_ISSUER: issuerSchema
    .optional()
    .describe(
      "Issuer of the OpenID Connect provider that people sign in to the console with, such as `https://login.example.com`. Without it they need a key",
    ),
  OIDC_CLIENT_ID: z.string().min(1).optional().describe("Id of this service at the provider"),
  OIDC_CLIENT_SECRET: z
    .string()
    .min(8, "must have at least 8 characters")
    .optional()
    .describe(
      "Secret of this service at the provider. All instances need the same. `OIDC_CLIENT_SECRET_FILE` names a file instead",
    ),
  OIDC_CLIENT_SECRET_FILE: z
    .string()
    .optional()
    .describe("File that holds `OIDC_CLIENT_SECRET`, read when the service starts"),
  OIDC_SCOPES: z
    .string()
    .regex(/(?:^| )openid(?: |$)/, "must contain openid")
    .prefault("openid email profile")
    .describe("What the service requests of the provider, separated by spaces"),
  OIDC_GROUPS_CLAIM: z
    .string()
    .min(1)
    .prefault("groups")
    .describe("Claim of the ID token, or of the provider's user info, that has a person's groups"),
  OIDC_ROLES: rolesSchema
    .prefault("")
    .describe(
      "What members of groups may do: `<group>=<workspace>:<scope>,<scope>`, separated by `;`, such as `ops=*:admin;support=acme:read,payloads`. `*`: every workspace. Or a JSON array of `{group, workspace_id, scopes}`. `OIDC_ROLES_FILE` names a file instead",
    ),
  OIDC_ROLES_FILE: z
    .string()
    .optional()
    .describe("File that holds `OIDC_ROLES`, read when the service starts"),
  OIDC_SESSION_MAX_AGE: durationSchema
    .pipe(z.number().min(300_000, "must be at least 5m").max(604_800_000, "must be at most 7d"))
    .prefault("8h")
    .describe("How long a person stays signed in"),
} as const;

/** Values that may stand in a file. */
export const SIGN_IN_SECRETS = ["OIDC_CLIENT_SECRET", "OIDC_ROLES"] as const;

const NEEDED = ["OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET", "OIDC_ROLES", "PUBLIC_ORIGIN"] as const;

/** Whoever names a provider says who this service is there, and what people may do. */
export const signInRule: SettingsRule = (values) => {
  if (values["OIDC_ISSUER"] === undefined) return undefined;
  const missing = NEEDED.filter((name) => values[name] === undefined);
  return missing.length === 0
    ? undefined
    : `OIDC_ISSUER: is set, and so ${missing.join(", ")} must be set too`;
};

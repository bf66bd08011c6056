import { isCidr } from "@ringback/contracts/address/address";
import { portRangeOf } from "@ringback/contracts/address/ports";
import { z } from "zod";
import { booleanSchema, type SettingsRule } from "./settings.ts";

/** Networks such as `10.0.0.0/8,fd00::/8`; empty: none. */
export const cidrsSchema = z.string().transform((text, context) => {
  const parts = text.split(",").map((part) => part.trim());
  if (text.trim() === "") return [];
  for (const part of parts) {
    if (!isCidr(part)) context.addIssue(`'${part}' in '${text}' is not a CIDR such as 10.0.0.0/8`);
  }
  return parts;
});

/** Ports such as `443,8443,9000-9100`. */
const portsSchema = z.string().transform((text, context) =>
  text.split(",").flatMap((part) => {
    const range = portRangeOf(part.trim());
    if (range !== undefined) return [range];
    context.addIssue(`'${part.trim()}' in '${text}' is not a port or a range such as 9000-9100`);
    return [];
  }),
);

/** Allowed destinations; the service that stores URLs reads them too, to refuse early. */
export const deliverySafetySettings = {
  ALLOW_INSECURE_HTTP: booleanSchema
    .prefault("false")
    .describe("`true`: `http:` URLs and local names are allowed too. For development"),
  ALLOWED_PRIVATE_CIDRS: cidrsSchema
    .prefault("")
    .describe("Private networks that events may be sent to, separated by commas"),
  DENIED_CIDRS: cidrsSchema
    .prefault("")
    .describe(
      "Networks of your own that have public addresses, and that no event may be sent to. Wins over `ALLOWED_PRIVATE_CIDRS`",
    ),
  ALLOWED_PORTS: portsSchema
    .prefault("443,8443")
    .describe(
      "Ports that callback URLs may name, such as `443,8443,9000-9100`. With `ALLOW_INSECURE_HTTP=true` any port is allowed",
    ),
} as const;

/** How subscriptions' secrets are stored; both services need the same keys. */
export const headerSecretSettings = {
  HEADER_ENCRYPTION_KEYS_FILE: z
    .string()
    .optional()
    .describe(
      "JSON array of `{id, key}`, where `key` is base64 of 32 bytes. The first key encrypts, all decrypt. `make header-key FILE=header-keys.json` makes the file; the service reads it again when it changes. Required, unless `ALLOW_PLAINTEXT_HEADERS=true`",
    ),
  ALLOW_PLAINTEXT_HEADERS: booleanSchema
    .prefault("false")
    .describe(
      "`true`: the service starts without encryption keys, and stores header values and signing secrets in plain text",
    ),
} as const;

/** Storing customers' secrets in plain text needs an explicit setting. */
export const headerKeysRule: SettingsRule = ({
  HEADER_ENCRYPTION_KEYS_FILE: file,
  ALLOW_PLAINTEXT_HEADERS: allowed,
}) =>
  file !== undefined || allowed === "true"
    ? undefined
    : "HEADER_ENCRYPTION_KEYS_FILE: is required: the path of a keys file as `make header-key` makes " +
      "it (or ALLOW_PLAINTEXT_HEADERS=true, to store header values as they are)";

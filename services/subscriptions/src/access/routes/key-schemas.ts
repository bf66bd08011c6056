import { ACCESS_LIMITS } from "@ringback/contracts/access/access-record";
import { ALL_WORKSPACES } from "@ringback/contracts/access/access-subject";
import { parseDurationMs } from "@ringback/contracts/duration";
import { idSchema, isId } from "@ringback/contracts/id";
import { parseTimeMs } from "@ringback/contracts/moment";
import { z } from "zod";
import { boundAgentsSchema } from "../../sight/decide/sight.ts";
import { SCOPES } from "../../http/auth/permissions.ts";
import { shown } from "../../http/decide/shown.ts";
import { listOf } from "../../http/field-schemas.ts";
import { cursorOf, pagination } from "../../http/pagination.ts";
import type { KeyPosition } from "../shown-keys.ts";

const MAX_OVERLAP_MS = 30 * 86_400_000;

/** When something ends; the parsed value is RFC 3339 in UTC. */
const endSchema = (now: () => Date) =>
  z
    .string()
    .transform((text, context) => {
      const ms = parseTimeMs(text);
      if (ms !== undefined && ms > now().getTime()) return new Date(ms).toISOString();
      const when = ms === undefined ? "a time such as 2030-01-31T00:00:00Z" : "in the future";
      context.addIssue(`must be ${when}, got ${shown(text)}`);
      return z.NEVER;
    })
    .meta({ documentedAs: { type: "string", format: "date-time" } });

/** Ids of agents without repeats. */
const agentsSchema = listOf(boundAgentsSchema, ACCESS_LIMITS.agents, "agents").transform(
  (agents) => [...new Set(agents)],
);

/** The body of `POST /api-keys`. */
export const createKeySchema = (now: () => Date) =>
  z.strictObject({
    name: z
      .string()
      .trim()
      .min(1, "must not be empty")
      .max(ACCESS_LIMITS.nameCharacters)
      .meta({ description: "What people know it by", examples: ["CRM"] }),
    scopes: z
      .array(z.enum(SCOPES))
      .min(1, "must name at least one scope")
      .max(20)
      .transform((scopes) => [...new Set(scopes)])
      .meta({ description: "What it may do; `admin` has all" }),
    agents: agentsSchema.optional().meta({
      description: "It sees and changes what is of these agents alone; without it, all agents",
    }),
    expires_at: endSchema(now).optional().meta({
      description: "It ends by itself then; without it, when it is deleted",
    }),
    workspace_id: z
      .union([z.literal(ALL_WORKSPACES), idSchema], {
        error: "must be a workspace, or * for a key of an operator",
      })
      .optional()
      .meta({
        description:
          "For operators: the key's workspace, or `*` for a key of an operator; without it the one that `X-Workspace-Id` names",
      }),
  });

/** The body of `POST /api-keys/{key_id}/rotate`. */
export const rotateKeySchema = z.strictObject({
  overlap: z
    .string()
    .transform((text, context) => {
      const ms = parseDurationMs(text);
      if (ms !== undefined && ms <= MAX_OVERLAP_MS) return ms;
      // Without the text: it may be a key in the wrong field.
      context.addIssue("must be a duration such as 0s, 30m, 24h or 7d, and at most 30d");
      return z.NEVER;
    })
    .prefault("0s")
    .meta({
      description: "How long the secret before counts beside the new one: at most 30d",
      documentedAs: { type: "string", default: "0s", examples: ["24h"] },
    }),
});

/** The key in a path; what cannot be an id never matches one (404). */
export const keyPathSchema = z.object({
  key_id: z.string().meta({
    description: "The key's id: what is between `rb_` and the secret",
    examples: ["k6f1d0c2b7a94e83512aa"],
  }),
});

/** For the list of keys: the page holds those after this one. */
export const keyCursor = cursorOf<KeyPosition>(
  ({ created_at, key_id }) => `keys:${created_at ?? ""}/${key_id}`,
  (text) => {
    const [, at = "", id = ""] = /^keys:([0-9TZ:.-]{0,30})\/(.+)$/.exec(text) ?? [];
    return isId(id) ? { created_at: at === "" ? null : at, key_id: id } : undefined;
  },
);

export const listKeysSchema = z.strictObject(pagination(keyCursor));

/** A key in a response. */
export const keySchema = z
  .object({
    key_id: z.string(),
    name: z.string(),
    workspace_id: z.string().meta({ description: "`*`: an operator's" }),
    scopes: z.array(z.string()),
    agents: z.array(z.string()).nullable().meta({ description: "Null: all of the workspace" }),
    source: z.enum(["api", "file"]).meta({
      description: "`file`: it is in the file of the operator, and cannot be changed here",
    }),
    state: z.enum(["active", "expired"]),
    created_by: z.string().nullable(),
    created_at: z.iso.datetime().nullable(),
    rotated_at: z.iso.datetime().nullable(),
    previous_valid_until: z.iso.datetime().nullable().meta({
      description: "A secret from before a rotation counts until then",
    }),
    expires_at: z.iso.datetime().nullable(),
  })
  .meta({ id: "ApiKey", description: "A key, without its secret." });

export const keyWithSecretSchema = keySchema.extend({
  key: z.string().optional().meta({
    description:
      "The whole key, this once; not in the response to a request that was carried out before",
  }),
});

export const keysResponseSchema = z.object({
  api_keys: z.array(keySchema),
  next_cursor: z.string().nullable(),
});

import { ACCESS_LIMITS } from "@ringback/contracts/access/access-record";
import { z } from "zod";
import { boundAgentsSchema } from "../../sight/decide/sight.ts";
import { CAPABILITIES } from "../../http/auth/permissions.ts";
import { listOf } from "../../http/field-schemas.ts";
import { cursorOf, pagination } from "../../http/pagination.ts";
import { frameOriginIn } from "../decide/frame-origin.ts";
import { themeSchema } from "../decide/theme.ts";

const DURATION = "must be a whole number of seconds from 60 to 86400";

const originSchema = (allowed: readonly string[]) =>
  z
    .string()
    .transform((text, context) => {
      const read = frameOriginIn(text, allowed);
      if (read.kind === "origin") return read.origin;
      context.addIssue(read.message);
      return z.NEVER;
    })
    .meta({
      description:
        "The one origin whose page frames the portal and gets its messages: one of PORTAL_FRAME_ANCESTORS",
      documentedAs: { type: "string", examples: ["https://app.example.com"] },
    });

/** The body of `POST /portal-sessions`. */
export const createSessionSchema = (frameAncestors: readonly string[]) =>
  z.strictObject({
    agents: listOf(boundAgentsSchema, ACCESS_LIMITS.agents, "agents")
      .transform((agents) => [...new Set(agents)])
      .optional()
      .meta({ description: "It sees what is of these agents alone; without it, all agents" }),
    capabilities: z
      .array(z.enum(CAPABILITIES))
      .min(1, "must name at least one capability")
      .max(20)
      .transform((names) => [...new Set(names)])
      .meta({ description: "What may be done with it; each includes `read`" }),
    expires_in: z
      .int({ error: DURATION })
      .min(60, { error: DURATION })
      .max(86_400, { error: DURATION })
      .default(3_600)
      .meta({ description: "Seconds until it ends" }),
    theme: themeSchema.optional().meta({ description: "Its colours" }),
    origin: originSchema(frameAncestors).optional(),
  });

const time = z.iso.datetime();

/** A portal session in a response, without its token. */
export const portalSessionSchema = z
  .object({
    session_id: z.string().meta({ examples: ["s6f1d0c2b7a94e83512aa"] }),
    capabilities: z.array(z.string()),
    agents: z.array(z.string()).nullable().meta({ description: "Null: all of the workspace" }),
    theme: z.record(z.string(), z.string()).nullable(),
    origin: z.string().nullable(),
    created_by: z.string().meta({ description: "As the history of agents names who did it" }),
    created_at: time,
    expires_at: time,
  })
  .meta({ id: "PortalSession", description: "A session of the portal, without its token." });

export const createdSessionSchema = portalSessionSchema.extend({
  url: z.string().meta({
    description:
      "Where the portal is opened with it. The token is behind the `#`: browsers send it to no server",
    examples: ["https://webhooks.example.com/#session=rbs_…"],
  }),
});

/** For the list of sessions: the page holds those that were created before this one. */
export const sessionCursor = cursorOf<{ readonly created_at: string; readonly session_id: string }>(
  ({ created_at, session_id }) => `sessions:${created_at}/${session_id}`,
  (text) => {
    const [, created_at, session_id] =
      /^sessions:([0-9TZ:.-]{20,30})\/([A-Za-z0-9_-]{1,128})$/.exec(text) ?? [];
    return created_at === undefined || session_id === undefined
      ? undefined
      : { created_at, session_id };
  },
);

export const listSessionsSchema = z.strictObject(pagination(sessionCursor));

export const sessionsResponseSchema = z.object({
  portal_sessions: z.array(portalSessionSchema),
  next_cursor: z.string().nullable(),
});

/** The session in a path; what cannot be an id never matches one (404). */
export const sessionPathSchema = z.object({ session_id: z.string() });

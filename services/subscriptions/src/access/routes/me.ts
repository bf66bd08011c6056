import { z } from "zod";
import { callerOf } from "../../http/auth/caller.ts";
import { isOperator } from "../../http/auth/choose-workspace.ts";
import type { Caller } from "../../http/auth/credential.ts";
import { CAPABILITIES, SCOPES } from "../../http/auth/permissions.ts";
import type { Api } from "../../http/api.ts";
import { noQuerySchema } from "../../http/pagination.ts";
import { problemResponses } from "../../http/problem.ts";
import { ME_EXAMPLES } from "./me-examples.ts";

const permissionsSchema = z.array(z.enum([...new Set([...SCOPES, ...CAPABILITIES])]));

const meSchema = z
  .object({
    kind: z.enum(["key", "portal", "person"]).meta({
      description: "A key, a session of a portal, or a session of a person who signed in",
    }),
    id: z.string().meta({ description: "Of the key or session" }),
    name: z.string().nullable().meta({ description: "The name of the key or person" }),
    subject: z.string().nullable().meta({
      description: "Who signed in: an e-mail address, or the id that the provider gives",
    }),
    workspace_id: z.string().meta({
      description: "The workspace of the request; `*`: an operator has named none",
    }),
    operator: z.boolean().meta({ description: "May act in every workspace" }),
    permissions: permissionsSchema.meta({ description: "What the caller may do there" }),
    agents: z.array(z.string()).nullable().meta({
      description: "The agents that it is bound to; null: all of the workspace",
    }),
    workspaces: z
      .array(z.object({ workspace_id: z.string(), permissions: permissionsSchema }))
      .meta({ description: "Where else the caller may act, by `X-Workspace-Id`" }),
    expires_at: z.iso
      .datetime()
      .nullable()
      .meta({ description: "Null: it does not end by itself" }),
    theme: z.record(z.string(), z.string()).nullable().meta({
      description: "The colours of a portal",
    }),
    origin: z.string().nullable().meta({
      description: "The one origin that a portal sends messages to",
    }),
  })
  .meta({ id: "Me", description: "Who the caller is, and what it may do." });

/** `GET /me`: who the caller is. Every key and session may ask. */
export const meRoute = (api: Api): void => {
  api.get(
    "/me",
    {
      config: { permission: "any", workspace: "or_none" },
      schema: {
        operationId: "getMe",
        summary: "Who the caller is",
        description: "The key or session that the request is sent with, and what it may do.",
        tags: ["Access"],
        querystring: noQuerySchema,
        response: { 200: meSchema.meta({ "x-examples": ME_EXAMPLES }), ...problemResponses },
      },
    },
    async (request) => meResponse(callerOf(request)),
  );
};

const meResponse = ({ workspaceId, permissions, credential }: Caller): z.infer<typeof meSchema> => {
  const { kind, id, name, subject, agents, expiresAtMs, theme, origin } = credential;
  const roles = [credential, ...(credential.roles ?? [])];
  return {
    kind,
    id,
    name: name ?? null,
    subject: subject ?? null,
    workspace_id: workspaceId,
    operator: isOperator(credential),
    permissions: [...permissions].toSorted(),
    agents: agents === undefined ? null : [...agents],
    workspaces: roles
      .filter((role) => role.workspaceId !== workspaceId)
      .map((role) => ({
        workspace_id: role.workspaceId,
        permissions: [...role.permissions].toSorted(),
      })),
    expires_at: expiresAtMs === undefined ? null : new Date(expiresAtMs).toISOString(),
    theme: theme ?? null,
    origin: origin ?? null,
  };
};

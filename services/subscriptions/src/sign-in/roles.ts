import { ALL_WORKSPACES } from "@ringback/contracts/access/access-subject";
import { isId } from "@ringback/contracts/id";
import { z } from "zod";
import { SCOPES, type Scope } from "../http/auth/permissions.ts";

/** What the members of a group may do in a workspace; `*`: in every one that they name. */
export type RoleRule = {
  readonly group: string;
  readonly workspaceId: string;
  readonly scopes: readonly Scope[];
};

export type Role = Omit<RoleRule, "group">;

export type ReadRoles =
  | { readonly kind: "rules"; readonly rules: readonly RoleRule[] }
  | { readonly kind: "invalid"; readonly message: string };

const ruleSchema = z.strictObject({
  group: z.string().min(1),
  workspace_id: z.string().refine((id) => id === ALL_WORKSPACES || isId(id), "must be an id, or *"),
  scopes: z.array(z.enum(SCOPES)).min(1),
});

const MAX_RULES = 10_000;

/**
 * The rules in a setting: `<group>=<workspace>:<scope>,<scope>` with `;` or a new line between them, or a JSON array
 * of `{group, workspace_id, scopes}` for groups whose names have `;` in them.
 */
export const readRoles = (text: string): ReadRoles => {
  const read = text.trim().startsWith("[") ? inJson(text) : inLines(text);
  if (read.kind === "invalid" || read.rules.length <= MAX_RULES) return read;
  return invalid(`has ${read.rules.length} rules: at most ${MAX_RULES}`);
};

const inJson = (text: string): ReadRoles => {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return invalid("is not valid JSON");
  }
  const parsed = z.array(ruleSchema).safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return invalid(`${issue?.path.join(".") ?? ""}: ${issue?.message ?? "is not valid"}`);
  }
  const rules = parsed.data.map(({ group, workspace_id, scopes }) => ({
    group,
    workspaceId: workspace_id,
    scopes,
  }));
  return { kind: "rules", rules };
};

const inLines = (text: string): ReadRoles => {
  const rules: RoleRule[] = [];
  for (const line of text.split(/[;\n]/).map((one) => one.trim())) {
    if (line === "") continue;
    // The last =, as a group's name may have some: CN=ops,OU=groups.
    const [, group = "", workspaceId = "", names = ""] =
      /^(.+)=([^=:]+):([^=:]+)$/.exec(line) ?? [];
    const scopes = names.split(",").map((name) => name.trim());
    const parsed = ruleSchema.safeParse({
      group: group.trim(),
      workspace_id: workspaceId.trim(),
      scopes,
    });
    if (!parsed.success) {
      return invalid(`'${line}' is not <group>=<workspace>:<scope>,<scope>, such as ops=*:read`);
    }
    rules.push({
      group: parsed.data.group,
      workspaceId: workspaceId.trim(),
      scopes: parsed.data.scopes,
    });
  }
  return { kind: "rules", rules };
};

const invalid = (message: string): ReadRoles => ({ kind: "invalid", message });

/** What somebody in these groups may do: each workspace once, with all scopes there; operators' first, then by name. */
export const rolesOf = (groups: ReadonlySet<string>, rules: readonly RoleRule[]): Role[] => {
  const scopes = new Map<string, Set<Scope>>();
  for (const rule of rules) {
    if (!groups.has(rule.group)) continue;
    const there = scopes.get(rule.workspaceId) ?? new Set();
    for (const scope of rule.scopes) there.add(scope);
    scopes.set(rule.workspaceId, there);
  }
  return [...scopes]
    .map(([workspaceId, given]) => ({ workspaceId, scopes: [...given] }))
    .toSorted((a, b) => rank(a) - rank(b) || (a.workspaceId < b.workspaceId ? -1 : 1));
};

const rank = ({ workspaceId }: Role): number => (workspaceId === ALL_WORKSPACES ? 0 : 1);

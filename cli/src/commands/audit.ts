import { z } from "zod";
import { collect } from "../api/pages.ts";
import { withExamples, type AddCommand, type CommandContext } from "../command-context.ts";
import { choicesOption, limitIn } from "../options/filters.ts";
import { momentIn } from "../options/moment.ts";
import { printable } from "../output/printable.ts";

const KINDS = ["change", "read", "refused", "sign_in"] as const;

const entrySchema = z.looseObject({
  at: z.string(),
  kind: z.string(),
  actor: z.looseObject({ kind: z.string(), id: z.string(), name: z.string().optional() }),
  action: z.string(),
  resource: z.record(z.string(), z.string()),
  outcome: z.string(),
  status: z.number(),
  address: z.string(),
  count: z.number().optional(),
});

type Entry = z.infer<typeof entrySchema>;

type AuditOptions = {
  readonly actor?: string;
  readonly action?: string;
  readonly kind?: readonly string[];
  readonly since?: string;
  readonly until?: string;
  readonly limit: string;
};

/** `ringback audit`: who did what in the workspace. */
export const auditCommand: AddCommand = (program, context) => {
  const command = program
    .command("audit")
    .description(
      "list who did what, newest first: changes, reads of payloads and secrets, refusals",
    )
    .option("--actor <id>", "only of this key, portal session or person: an id, or person:<e-mail>")
    .option("--action <names>", "only these, such as changeAgent: one, or more with commas")
    .addOption(choicesOption("--kind <kinds>", "only of these kinds", KINDS))
    .option("--since <time>", "only since: 2026-11-28T09:00:00Z, 2026-11-28, or 2h for so long ago")
    .option("--until <time>", "only before")
    .option("--limit <n>", "at most so many", "20")
    .action((options: AuditOptions) => listAudit(options, context()));
  withExamples(command, {
    "audit --since 7d --kind change": "what was changed this week",
    "audit --actor person:ann@example.com": "what one person did",
  });
};

const listAudit = async (options: AuditOptions, context: CommandContext): Promise<void> => {
  const { terminal } = context;
  const { actor, action, kind, since, until } = options;
  const nowMs = Date.now();
  const query = {
    actor,
    action,
    kind: kind?.join(","),
    since: since === undefined ? undefined : momentIn("--since", since, nowMs),
    until: until === undefined ? undefined : momentIn("--until", until, nowMs),
  };
  const list = { path: "/audit", items: "entries", schema: entrySchema };
  const found = await collect(context, { ...list, query, limit: limitIn(options.limit) });
  if (found.length === 0) return terminal.note("There are no such entries.");
  if (terminal.isJson) return;
  terminal.table(
    [
      { heading: "AT", cell: ({ at }) => terminal.time(at) },
      { heading: "WHO", cell: whoOf, shrinks: true },
      { heading: "ACTION", cell: ({ action: name, count = 1 }) => timesOf(name, count) },
      { heading: "ABOUT", cell: aboutOf, shrinks: true },
      { heading: "OUTCOME", cell: ({ outcome, status }) => `${outcome} ${status}` },
      { heading: "FROM", cell: ({ address }) => printable(address), onlyWide: true },
    ],
    found,
  );
};

const whoOf = ({ actor: { kind, id } }: Entry): string => printable(`${kind}:${id}`);

const timesOf = (name: string, count: number): string =>
  printable(count === 1 ? name : `${name} ×${count}`);

const aboutOf = ({ resource }: Entry): string => printable(Object.values(resource).join(" "));

import { InvalidArgumentError } from "commander";
import { z } from "zod";
import { collect } from "../api/pages.ts";
import { withExamples, type AddCommand, type CommandContext } from "../command-context.ts";
import { choicesOption, limitIn } from "../options/filters.ts";
import { printable } from "../output/printable.ts";

const CAPABILITIES = ["read", "payloads", "test", "redeliver", "endpoints", "secrets"] as const;

const sessionSchema = z.looseObject({
  session_id: z.string(),
  capabilities: z.array(z.string()),
  agents: z.array(z.string()).nullable(),
  created_by: z.string(),
  expires_at: z.string(),
});

type Session = z.infer<typeof sessionSchema>;

/** `ringback portal-sessions`: what opens the portal to a customer; alone it lists them. */
export const portalSessionsCommand: AddCommand = (program, context) => {
  const sessions = program
    .command("portal-sessions")
    .description("open the portal to a customer, list the sessions, end one")
    .action(() => listSessions({ limit: "20" }, context()));
  addCreate(sessions, context);
  sessions
    .command("list")
    .description("list the sessions that have not ended, newest first")
    .option("--limit <n>", "at most so many", "20")
    .action((options: { readonly limit: string }) => listSessions(options, context()));
  sessions
    .command("delete")
    .description("end a session, everywhere within a second")
    .argument("<session_id>", "its id")
    .action((id: string) => deleteSession(id, context()));
  withExamples(sessions, {
    "portal-sessions create --capability read,test --agent agent-7": "an address to open",
    "portal-sessions": "those that have not ended",
  });
};

type CreateOptions = {
  readonly capability: readonly string[];
  readonly agent?: readonly string[];
  readonly expiresIn?: number;
  readonly origin?: string;
};

const addCreate: AddCommand = (sessions, context) => {
  const command = sessions
    .command("create")
    .description("print an address that opens the portal, once")
    .addOption(
      choicesOption("--capability <names>", "what may be done", CAPABILITIES).makeOptionMandatory(),
    )
    .option("--agent <agent_ids>", "only of these agents: one, or more with commas", (text) =>
      text.split(",").map((id) => id.trim()),
    )
    .option("--expires-in <seconds>", "60 to 86400; without it an hour", secondsIn)
    .option("--origin <origin>", "the page that frames the portal, such as https://app.example.com")
    .action((options: CreateOptions) => createSession(options, context()));
  withExamples(command, {
    "portal-sessions create --capability read --expires-in 600": "ten minutes to look",
  });
};

const secondsIn = (text: string): number => {
  if (/^\d{2,5}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("Expected a whole number of seconds, 60 to 86400.");
};

const createSession = async (
  { capability, agent, expiresIn, origin }: CreateOptions,
  { client, terminal, interrupted: signal }: CommandContext,
): Promise<void> => {
  const body = {
    capabilities: capability,
    ...(agent !== undefined && { agents: agent }),
    ...(expiresIn !== undefined && { expires_in: expiresIn }),
    ...(origin !== undefined && { origin }),
  };
  const call = { method: "POST", path: "/portal-sessions", body, signal } as const;
  const created = await client.call(call, sessionSchema.extend({ url: z.string() }));
  if (terminal.isJson) return terminal.line(JSON.stringify(created));
  terminal.line(printable(created.url));
  terminal.note(`${created.session_id}: until ${terminal.time(created.expires_at)}`);
};

const listSessions = async (
  { limit }: { readonly limit: string },
  context: CommandContext,
): Promise<void> => {
  const { terminal } = context;
  const list = { path: "/portal-sessions", items: "portal_sessions", schema: sessionSchema };
  const found = await collect(context, { ...list, limit: limitIn(limit) });
  if (found.length === 0) return terminal.note("There are no portal sessions.");
  if (terminal.isJson) return;
  terminal.table<Session>(
    [
      { heading: "SESSION", cell: ({ session_id }) => session_id },
      { heading: "MAY", cell: ({ capabilities }) => printable(capabilities.join(",")) },
      {
        heading: "AGENTS",
        cell: ({ agents }) => printable(agents?.join(",") ?? "all"),
        shrinks: true,
      },
      { heading: "UNTIL", cell: ({ expires_at }) => terminal.time(expires_at) },
      { heading: "BY", cell: ({ created_by }) => printable(created_by), shrinks: true },
    ],
    found,
  );
};

const deleteSession = async (
  id: string,
  { client, terminal, interrupted: signal }: CommandContext,
): Promise<void> => {
  const path = `/portal-sessions/${encodeURIComponent(id)}`;
  await client.bytes({ method: "DELETE", path, signal });
  terminal.line(terminal.isJson ? JSON.stringify({ deleted: id }) : `${id}: ended`);
};

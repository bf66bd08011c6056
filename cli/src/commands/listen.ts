import type { RequestHeaders } from "@ringback/contracts/agents/request-headers";
import { z } from "zod";
import { wholeAgentId } from "../api/agents.ts";
import { liveEvents, type LiveEvent } from "../api/live-events.ts";
import { usageError } from "../cli-error.ts";
import { withExamples, type AddCommand, type CommandContext } from "../command-context.ts";
import { forwarder } from "../listen/forward.ts";
import { handleEvent, headSchema, type Listening, type Target } from "../listen/handle-event.ts";
import { newSecret, signerOf } from "../listen/signature.ts";
import { checkTypes, eventTypeIn } from "../options/event-types.ts";
import { headersIn } from "../options/header.ts";

type ListenOptions = {
  readonly agent?: string;
  readonly type?: string;
  readonly secret?: string;
  readonly header?: RequestHeaders;
  readonly print?: boolean;
};

/** `ringback listen`: posts a workspace's events to this machine as they are published. */
export const listenCommand: AddCommand = (program, context) => {
  const command = program
    .command("listen")
    .description("send events to a URL on this machine as they are published, until Ctrl-C")
    .argument("[url]", "such as http://localhost:3000/hook")
    .option("--agent <agent_id>", "only of this agent")
    .option("--type <event_type>", "only of this type", eventTypeIn)
    .option("--secret <whsec_…>", "what requests are signed with (default: a new one is shown)")
    .option("--header <'Name: value'>", "sent with every request; may be repeated", headersIn)
    .option("--print", "print bodies, too; without a URL: only print")
    .action((url: string | undefined, options: ListenOptions) =>
      listen(targetIn(url, options), options, context()),
    );
  withExamples(command, {
    "listen http://localhost:3000/hook": "your handler gets what is published from now on",
    "listen http://localhost:3000/hook --agent agent-7 --header 'X-Debug: 1'":
      "of one agent, with a header of your own",
    "listen --print": "only look",
  });
};

const targetIn = (text: string | undefined, options: ListenOptions): Target | undefined => {
  if (text === undefined) {
    if (options.print === true) return undefined;
    throw usageError("give a URL such as http://localhost:3000/hook, or --print to look only");
  }
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw usageError(`'${text}' is no URL: expected one such as http://localhost:3000/hook`);
  }
  const secret = options.secret ?? newSecret();
  return { url: url.href, secret, sign: signerOf(secret) };
};

const listen = async (
  target: Target | undefined,
  { agent, type, header = {}, print = false }: ListenOptions,
  context: CommandContext,
): Promise<void> => {
  const { client, terminal, interrupted: signal } = context;
  await checkTypes(context, type === undefined ? [] : [type]);
  const agentId = await wholeAgentId(context, agent);
  let isFirst = true;
  const events = liveEvents(client, {
    query: { include: "events", agent_id: agentId, event_type: type },
    signal,
    onOpen: () => {
      if (isFirst) ready(target, context);
      else terminal.note("Connected again.");
      isFirst = false;
    },
    onLost: (reason, againMs) =>
      terminal.note(`The connection is lost (${reason}): again in ${againMs / 1_000} s`),
  });
  const over = await forwarder();
  const noteHidden = hiddenHeaders(terminal);
  const listening = { target, prints: print, headers: header, forwarder: over, noteHidden };
  try {
    for await (const event of events) await handle(event, listening, context);
  } catch (error) {
    if (!signal.aborted) throw error; // Ctrl-C ends the command
  } finally {
    await over.close();
  }
};

const ready = (target: Target | undefined, { terminal }: CommandContext): void => {
  if (terminal.isJson) {
    const to = target === undefined ? {} : { url: target.url, signing_secret: target.secret };
    return terminal.line(JSON.stringify({ kind: "listening", ...to }));
  }
  if (target === undefined) return terminal.note("Listening: events are printed (Ctrl-C ends it)");
  terminal.note(`Signing secret: ${target.secret}`);
  terminal.note(`Listening: events go to ${target.url} (Ctrl-C ends it)`);
};

/** Notes once for each agent that the key may not read its headers. */
const hiddenHeaders = ({ note }: CommandContext["terminal"]): Listening["noteHidden"] => {
  const noted = new Set<string>();
  return (agentId, names) => {
    if (noted.has(agentId)) return;
    noted.add(agentId);
    note(
      `Headers of ${agentId} are left out (${names.join(", ")}): this key may not read their values. Use a key with the scope write, or --header`,
    );
  };
};

const missedSchema = z.looseObject({ count: z.int().nullable() });

const handle = async (
  { name, data }: LiveEvent,
  listening: Listening,
  context: CommandContext,
): Promise<void> => {
  const { terminal } = context;
  if (name === "missed") {
    const { count = null } = missedSchema.safeParse(data).data ?? {};
    if (terminal.isJson) return terminal.line(JSON.stringify({ kind: "missed", count }));
    const what = count === null ? "Some events were" : `${count} events were`;
    return terminal.note(`${what} missed: ringback events lists them`);
  }
  if (name !== "event") return;
  const head = headSchema.safeParse(data).data;
  if (head !== undefined) await handleEvent(head, listening, context);
};

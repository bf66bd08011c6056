import { Option } from "commander";
import { z } from "zod";
import { problemOf } from "./api-client.ts";
import { CliError, usageError } from "./cli-error.ts";
import type { AddCommand, CommandContext } from "./command-context.ts";
import { forward, type ForwardResult } from "./forward.ts";
import { liveEvents, type LiveEvent } from "./live-events.ts";
import { newSecret, signerOf, type Sign } from "./signature.ts";
import { eventTypeIn } from "./event-type.ts";

type ListenOptions = {
  readonly agent?: string;
  readonly type?: string;
  readonly secret?: string;
};

/** `ringback listen`: posts a workspace's events to this machine as they are published. */
export const listenCommand: AddCommand = (program, context) => {
  program
    .command("listen")
    .description("post events to a URL on this machine as they are published, until Ctrl-C")
    .argument("<url>", "such as http://localhost:3000/hook")
    .option("--agent <agent_id>", "only of this agent")
    .addOption(new Option("--type <event_type>", "only of this type").argParser(eventTypeIn))
    .option("--secret <whsec_…>", "what requests are signed with (default: a new one is shown)")
    .action((url: string, options: ListenOptions) => {
      const secret = options.secret ?? newSecret();
      const to = { url: targetIn(url), secret, sign: signerOf(secret) };
      return listen(to, options, context());
    });
};

const targetIn = (text: string): string => {
  const url = URL.parse(text);
  if (url !== null && /^https?:$/.test(url.protocol)) return url.href;
  throw usageError(`'${text}' is no URL: expected one such as http://localhost:3000/hook`);
};

type Target = { readonly url: string; readonly secret: string; readonly sign: Sign };

const listen = async (
  target: Target,
  { agent, type }: ListenOptions,
  context: CommandContext,
): Promise<void> => {
  const { client, terminal, interrupted: signal } = context;
  const { url, secret } = target;
  const ready = (): void => {
    if (terminal.isJson) {
      terminal.line(JSON.stringify({ kind: "listening", url, signing_secret: secret }));
    } else {
      terminal.note(`Signing secret: ${secret}`);
      terminal.note(`Listening: events go to ${url} (Ctrl-C ends it)`);
    }
  };
  let isFirst = true;
  const events = liveEvents(client, {
    query: { include: "events", agent_id: agent, event_type: type },
    signal,
    onOpen: () => {
      if (isFirst) ready();
      else terminal.note("Connected again.");
      isFirst = false;
    },
    onLost: (reason, againMs) =>
      terminal.note(`The connection is lost (${reason}): again in ${againMs / 1_000} s`),
  });
  try {
    for await (const event of events) await handle(event, target, context);
  } catch (error) {
    if (!signal.aborted) throw error; // Ctrl-C ends the command
  }
};

const headSchema = z.looseObject({
  event_id: z.string(),
  event_type: z.string(),
  agent_id: z.string(),
  call_id: z.string(),
});

type Head = z.infer<typeof headSchema>;

const missedSchema = z.looseObject({ count: z.int().nullable() });

const handle = async (
  { name, data }: LiveEvent,
  target: Target,
  context: CommandContext,
): Promise<void> => {
  const { terminal } = context;
  if (name === "missed") {
    const { count } = missedSchema.parse(data);
    if (terminal.isJson) return terminal.line(JSON.stringify({ kind: "missed", count }));
    const what = count === null ? "Some events were" : `${count} events were`;
    return terminal.note(`${what} missed: ringback events lists them`);
  }
  if (name !== "event") return;
  const head = headSchema.safeParse(data).data;
  if (head !== undefined) await forwardEvent(head, target, context);
};

const forwardEvent = async (
  head: Head,
  { url, sign }: Target,
  { client, terminal, interrupted: signal }: CommandContext,
): Promise<void> => {
  const { event_id: eventId, event_type: eventType } = head;
  const path = `/events/${encodeURIComponent(eventId)}/payload`;
  let result: ForwardResult;
  try {
    const response = await client.fetch({ path, signal });
    if (!response.ok) throw await problemOf(response);
    const body = new Uint8Array(await response.arrayBuffer());
    result = await forward({ eventId, eventType, body }, url, sign, signal);
  } catch (error) {
    // An event that cannot be read is reported; the next events follow.
    if (signal.aborted || !(error instanceof CliError)) throw error;
    result = { kind: "no_response", reason: error.message, durationMs: 0 };
  }
  terminal.line(terminal.isJson ? jsonOf(head, result) : lineOf(head, result, terminal));
};

const jsonOf = (head: Head, { durationMs, ...result }: ForwardResult): string =>
  JSON.stringify({ ...head, ...result, kind: "forwarded", duration_ms: durationMs });

const lineOf = (
  { event_id, event_type, agent_id }: Head,
  result: ForwardResult,
  { style }: CommandContext["terminal"],
): string => {
  const time = style("dim", new Date().toISOString().slice(11, 19));
  const isGood = result.kind === "response" && result.status === 200;
  const word = result.kind === "response" ? String(result.status) : result.reason;
  const verdict = style(isGood ? "green" : "red", word);
  return `${time} ${event_type} ${agent_id} ${event_id} → ${verdict} in ${result.durationMs} ms`;
};

import { InvalidArgumentError } from "commander";
import { CliError, usageError } from "../cli-error.ts";
import { withExamples, type AddCommand, type CommandContext } from "../command-context.ts";
import { wholeAgentId } from "../api/agents.ts";
import { checkTypes, eventTypeIn } from "../options/event-types.ts";
import { printable } from "../output/printable.ts";
import { batchesOf, completed, sendBatch, type Stored } from "../publish/send-batch.ts";
import { bytesOf } from "../options/read-input.ts";
import { splitEvents, type WrittenEvent } from "../publish/split-events.ts";

type PublishOptions = {
  readonly agent?: string;
  readonly call?: string;
  readonly type?: string;
  readonly id?: string;
};

/** `ringback publish`: stores events of a file, as a producer does. */
export const publishCommand: AddCommand = (program, context) => {
  const command = program
    .command("publish")
    .description("publish events: a JSON object, an array of them, or one JSON object a line")
    .argument("<file>", "the file; - is stdin")
    .option("--agent <agent_id>", "the agent of events that do not say it")
    .option("--call <call_id>", "the call of events that do not say it")
    .option("--type <event_type>", "the type of events that do not say it", eventTypeIn)
    .option(
      "--id <key>",
      "an Idempotency-Key: the same again stores nothing for ten minutes",
      publicationKeyIn,
    )
    .action((file: string, options: PublishOptions) => publish(file, options, context()));
  withExamples(command, {
    "publish event.json --agent agent-7": "one event, which need not say its agent",
    "publish events.ndjson --id batch-7": "one event a line, safe to run again",
    "publish - < event.json": "from stdin",
  });
};

/** What the API takes, with room for the number of a further request. */
const publicationKeyIn = (text: string): string => {
  if (/^[!#-~][!-~]{0,246}$/.test(text)) return text;
  throw new InvalidArgumentError("Expected 1 to 247 visible ASCII characters such as a UUID.");
};

const publish = async (
  file: string,
  { agent, call, type, id }: PublishOptions,
  context: CommandContext,
): Promise<void> => {
  const name = file === "-" ? "stdin" : file;
  const written = writtenIn(name, await bytesOf(file, context.stdin));
  await checkTypes(context, type === undefined ? [] : [type]);
  const agentId = await wholeAgentId(context, agent);
  const about = { event_type: type, call_id: call, agent_id: agentId };
  const batches = batchesOf(completed(name, written, about));
  const counts = { stored: 0, before: 0, differs: 0 };
  for (const [n, batch] of batches.entries()) {
    const key = id === undefined ? undefined : n === 0 ? id : `${id}.${n + 1}`;
    const results = await sendBatch({ file: name, batch, key, isFirst: n === 0 }, context);
    for (const [m, stored] of results.entries()) {
      const event = batch[m];
      if (stored === null || event === undefined) continue;
      report(stored, event, context);
      counts[stored.differs === true ? "differs" : stored.duplicate ? "before" : "stored"] += 1;
    }
    if (results.includes(null)) break;
  }
  if (counts.differs > 0) context.fail();
  const { stored, before, differs } = counts;
  const further = [
    ...(before === 0 ? [] : [`${before} stored before`]),
    ...(differs === 0 ? [] : [`${differs} not stored, as another event has its place`]),
  ];
  context.terminal.note([`${stored} stored`, ...further].join(", "));
};

const writtenIn = (file: string, bytes: Uint8Array): readonly WrittenEvent[] => {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new CliError(`${file} is not UTF-8`);
  }
  const split = splitEvents(text);
  if (split.kind === "invalid") {
    throw new CliError(`${file}:${split.at} ${split.message}; nothing was published`);
  }
  if (split.events.length > 0) return split.events;
  throw usageError(`${file} has no events`);
};

const report = (stored: Stored, { line }: WrittenEvent, { terminal }: CommandContext): void => {
  if (terminal.isJson) return terminal.line(JSON.stringify({ ...stored, line }));
  const { event_id, duplicate, differs, warnings = [] } = stored;
  const known = differs === true ? "another event has its place: not stored" : "stored before";
  terminal.line(`${event_id}  line ${line}  ${duplicate ? known : "stored"}`);
  for (const { path, message } of warnings) {
    terminal.note(`line ${line}: ${path} ${printable(message)} (published as it is)`);
  }
};

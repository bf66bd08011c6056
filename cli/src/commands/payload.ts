import { withExamples, type AddCommand, type CommandContext } from "../command-context.ts";
import { withPayload } from "../output/json-line.ts";
import { eventPath } from "../options/event-id.ts";

/** `ringback payload`: the bytes of an event. */
export const payloadCommand: AddCommand = (program, context) => {
  const command = program
    .command("payload")
    .description("print an event's payload as it was published, byte for byte")
    .argument("<event_id>", "such as evt_t9x3k0_18423")
    .action((eventId: string) => printPayload(eventId, context()));
  withExamples(command, {
    "payload evt_t9x3k0_18423 | jq .call_duration": "a field of an event",
    "payload evt_t9x3k0_18423 > event.json": "the body that the endpoint gets, in a file",
  });
};

const NEW_LINE = 0x0a;

const printPayload = async (
  eventId: string,
  { client, terminal, interrupted: signal }: CommandContext,
): Promise<void> => {
  const payload = await client.bytes({ path: `${eventPath(eventId)}/payload`, signal });
  if (terminal.isJson) return terminal.line(withPayload({ event_id: eventId }, payload));
  terminal.bytes(payload);
  // A shell's prompt begins on a line of its own.
  if (terminal.isSeen && payload.at(-1) !== NEW_LINE) terminal.line("");
};

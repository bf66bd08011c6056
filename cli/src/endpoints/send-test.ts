import { Option } from "commander";
import { withExamples, type AddCommand, type CommandContext } from "../command-context.ts";
import { checkTypes, eventTypeIn } from "../options/event-types.ts";
import { showTested, TEST_TIMEOUT_MS, testedSchema } from "../output/tested.ts";
import { endpointPath, namingEndpoint } from "./endpoint.ts";

/** `ringback endpoints test`: sends a sample to one endpoint, and shows what it responded. */
export const testCommand: AddCommand = (endpoints, context) => {
  const command = endpoints
    .command("test")
    .description("send a sample event to an endpoint alone, once, and show what it answered")
    .argument("<endpoint>", "its id or uid")
    .addOption(
      new Option(
        "--type, --event-type <event_type>",
        "of this type (default: the first that the endpoint gets)",
      ).argParser(eventTypeIn),
    )
    .action((idOrUid: string, { eventType }: { eventType?: string }) =>
      testEndpoint(idOrUid, eventType, context()),
    );
  withExamples(command, {
    "endpoints test crm": "try it out, also while it is paused",
    "endpoints test crm --event-type recording_completed": "with an event of this type",
  });
};

const testEndpoint = async (
  idOrUid: string,
  eventType: string | undefined,
  context: CommandContext,
): Promise<void> => {
  const { client, interrupted: signal } = context;
  const path = `${endpointPath(idOrUid)}/test-event`;
  await checkTypes(context, eventType === undefined ? [] : [eventType]);
  const body = eventType === undefined ? {} : { event_type: eventType };
  const call = { method: "POST", path, body, signal, timeoutMs: TEST_TIMEOUT_MS } as const;
  const tested = await namingEndpoint(context, idOrUid, () => client.call(call, testedSchema));
  showTested(tested, context);
};

import { Option } from "commander";
import { z } from "zod";
import { namingAgent, wholeAgentId } from "../api/agents.ts";
import { withExamples, type AddCommand, type CommandContext } from "../command-context.ts";
import { eventTypesIn } from "../options/event-types.ts";
import { rotationOf, withRotationOptions, type RotationOptions } from "../options/rotation.ts";
import { newKeyFields, showNewKey } from "../output/new-key.ts";

type RotateOptions = RotationOptions & { readonly type?: readonly string[] };

const responseSchema = z.looseObject({ agent_id: z.string(), ...newKeyFields });

/** `ringback rotate`: gives subscriptions a new signing secret, and prints it once. */
export const rotateCommand: AddCommand = (program, context) => {
  const command = program
    .command("rotate")
    .description("sign with a new secret, which is printed this once; the one before signs on")
    .argument("<agent_id>", "the agent")
    .addOption(
      new Option("--type <event_types>", "only of these types (default: all)").argParser(
        eventTypesIn,
      ),
    );
  withRotationOptions(command).action((agentId: string, options: RotateOptions) =>
    rotate(agentId, options, context()),
  );
  withExamples(command, {
    "rotate agent-7 > secret.txt": "a new secret for all subscriptions, into a file",
    "rotate agent-7 --type call_completed --overlap 1h": "of one type; the old one for an hour",
    "rotate agent-7 --secret-stdin < secret.txt": "a secret of your own",
  });
};

const rotate = async (
  named: string,
  { type, ...options }: RotateOptions,
  context: CommandContext,
): Promise<void> => {
  const { client, terminal, interrupted: signal, stdin } = context;
  const rotation = await rotationOf(options, stdin);
  const agentId = (await wholeAgentId(context, named)) ?? named;
  const body = {
    operation: "rotate_signing_secret",
    agent_id: agentId,
    ...(type === undefined ? {} : { event_types: type }),
    ...rotation,
  };
  const call = { method: "PATCH", path: "/agent/v1", body, signal } as const;
  const response = await namingAgent(context, agentId, () => client.call(call, responseSchema));
  showNewKey({ agent_id: agentId }, response, options.overlap, terminal);
};

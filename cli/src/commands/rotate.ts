import { parseDurationMs } from "@ringback/contracts/duration";
import { parseSigningSecret } from "@ringback/contracts/secrets/signing-secret";
import { Option } from "commander";
import { z } from "zod";
import { namingAgent, wholeAgentId } from "../api/agents.ts";
import { usageError } from "../cli-error.ts";
import { withExamples, type AddCommand, type CommandContext } from "../command-context.ts";
import { eventTypesIn } from "../options/event-types.ts";
import { textOf } from "../publish/read-input.ts";

type RotateOptions = {
  readonly type?: readonly string[];
  readonly overlap: string;
  readonly scheme?: string;
  readonly secretStdin?: boolean;
};

const responseSchema = z.looseObject({
  agent_id: z.string(),
  signing_secret: z.string().optional(),
  signing_public_key: z.string().optional(),
});

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
    )
    .option("--overlap <duration>", "how long the secret before signs on: 0s to 7d", "24h")
    .addOption(
      new Option("--scheme <scheme>", "v1: a shared secret; v1a: a public key").choices([
        "v1",
        "v1a",
      ]),
    )
    .option("--secret-stdin", "take the new secret from stdin: whsec_… or whsk_…")
    .action((agentId: string, options: RotateOptions) => rotate(agentId, options, context()));
  withExamples(command, {
    "rotate agent-7 > secret.txt": "a new secret for all subscriptions, into a file",
    "rotate agent-7 --type call_completed --overlap 1h": "of one type; the old one for an hour",
    "rotate agent-7 --secret-stdin < secret.txt": "a secret of your own",
  });
};

const rotate = async (
  named: string,
  { type, overlap, scheme, secretStdin }: RotateOptions,
  context: CommandContext,
): Promise<void> => {
  const { client, terminal, interrupted: signal, stdin } = context;
  if (parseDurationMs(overlap) === undefined) {
    throw usageError(`--overlap is '${overlap}': expected a duration such as 30m, 24h or 7d`);
  }
  const secret = secretStdin === true ? secretIn((await textOf(stdin)).trim()) : undefined;
  const agentId = (await wholeAgentId(context, named)) ?? named;
  const body = {
    operation: "rotate_signing_secret",
    agent_id: agentId,
    overlap,
    ...(type === undefined ? {} : { event_types: type }),
    ...(scheme === undefined ? {} : { scheme }),
    ...(secret === undefined ? {} : { signing_secret: secret }),
  };
  const call = { method: "PATCH", path: "/agent/v1", body, signal } as const;
  const response = await namingAgent(context, agentId, () => client.call(call, responseSchema));
  const { signing_secret, signing_public_key } = response;
  if (terminal.isJson) {
    return terminal.line(JSON.stringify({ agent_id: agentId, signing_secret, signing_public_key }));
  }
  const isShared = signing_secret !== undefined;
  terminal.note(
    isShared
      ? "The new signing secret, shown this once:"
      : "The public key that receivers verify with:",
  );
  terminal.line(signing_secret ?? signing_public_key ?? "");
  terminal.note(
    parseDurationMs(overlap) === 0
      ? "Secrets from before sign no more."
      : `Secrets from before, where there are any, sign on for ${overlap}.`,
  );
};

const secretIn = (text: string): string => {
  const read = parseSigningSecret(text);
  if (read.kind !== "refused") return text;
  throw usageError(`the secret on stdin ${read.message}`);
};

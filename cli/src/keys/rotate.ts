import { parseDurationMs } from "@ringback/contracts/duration";
import { usageError } from "../cli-error.ts";
import { withExamples, type AddCommand, type CommandContext } from "../command-context.ts";
import { keyPath, keySchema, showKey } from "./key.ts";

type RotateOptions = { readonly overlap: string };

/** `ringback keys rotate`: gives a key another secret, and prints it once. */
export const rotateKeyCommand: AddCommand = (keys, context) => {
  const command = keys
    .command("rotate")
    .description("give a key another secret, which is printed this once")
    .argument("<key_id>")
    .option("--overlap <duration>", "how long the secret before counts: 0s to 30d", "24h")
    .action((keyId: string, options: RotateOptions) => rotateKey(keyId, options, context()));
  withExamples(command, {
    "keys rotate k6f1d0c2b7a94e83512aa": "both count for a day",
    "keys rotate k6f1d0c2b7a94e83512aa --overlap 0s": "the one before ends at once",
  });
};

const rotateKey = async (
  keyId: string,
  { overlap }: RotateOptions,
  { client, terminal, interrupted: signal }: CommandContext,
): Promise<void> => {
  if (parseDurationMs(overlap) === undefined) {
    throw usageError(`--overlap is '${overlap}': expected a duration such as 30m, 24h or 7d`);
  }
  const call = {
    method: "POST",
    path: `${keyPath(keyId)}/rotate`,
    body: { overlap },
    signal,
  } as const;
  const made = await client.call(call, keySchema);
  showKey(made, terminal);
  const { previous_valid_until: until } = made;
  if (terminal.isJson) return;
  terminal.note(
    until === null
      ? "Secrets from before count no more."
      : `The one before counts until ${terminal.time(until)}.`,
  );
};

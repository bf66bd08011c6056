import { withExamples, type AddCommand, type CommandContext } from "../command-context.ts";
import { keyPath } from "./key.ts";

/** `ringback keys delete`: the key counts no more. */
export const deleteKeyCommand: AddCommand = (keys, context) => {
  const command = keys
    .command("delete")
    .description("end a key at once, and the portal sessions that it made")
    .argument("<key_id>")
    .action((keyId: string) => deleteKey(keyId, context()));
  withExamples(command, { "keys delete k6f1d0c2b7a94e83512aa": "it counts no more" });
};

const deleteKey = async (
  keyId: string,
  { client, terminal, interrupted: signal }: CommandContext,
): Promise<void> => {
  await client.bytes({ method: "DELETE", path: keyPath(keyId), signal });
  terminal.line(terminal.isJson ? JSON.stringify({ deleted: keyId }) : `${keyId}: deleted`);
};

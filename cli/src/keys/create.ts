import { withExamples, type AddCommand, type CommandContext } from "../command-context.ts";
import { keySchema, showKey } from "./key.ts";

type CreateOptions = {
  readonly scopes: readonly string[];
  readonly agent?: readonly string[];
  readonly expires?: string;
};

/** `ringback keys create`: makes a key, and prints it once. */
export const createKeyCommand: AddCommand = (keys, context) => {
  const command = keys
    .command("create")
    .description("make a key, which is printed this once")
    .argument("<name>", "what people know it by")
    .requiredOption(
      "--scopes <scopes>",
      "read, payloads, write, redeliver, publish, admin: one, or more with commas",
      listed,
    )
    .option("--agent <agent_ids>", "it is bound to these agents: one, or more with commas", listed)
    .option("--expires <time>", "when it ends by itself, such as 2030-01-31")
    .action((name: string, options: CreateOptions) => createKey(name, options, context()));
  withExamples(command, {
    "keys create CRM --scopes read,redeliver > key.txt": "a new key, into a file",
    "keys create CRM --scopes read --agent agent-7 --expires 2030-01-31": "bound, for a time",
  });
};

const listed = (text: string, before: readonly string[] = []): string[] => [
  ...before,
  ...text.split(",").map((one) => one.trim()),
];

const createKey = async (
  name: string,
  { scopes, agent: agents, expires: expires_at }: CreateOptions,
  { client, terminal, interrupted: signal }: CommandContext,
): Promise<void> => {
  const body = { name, scopes, agents, expires_at };
  const made = await client.call({ method: "POST", path: "/api-keys", body, signal }, keySchema);
  showKey(made, terminal);
};

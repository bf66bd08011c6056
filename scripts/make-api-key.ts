import { randomBytes } from "node:crypto";
import { readApiKeyEntries } from "../services/subscriptions/src/http/auth/api-key-entries.ts";
import { SCOPES } from "../services/subscriptions/src/http/auth/permissions.ts";
import { changingKeys, keyEntriesIn, writeKeyEntries } from "./local/key-entries.ts";
import { newApiKey, type NewApiKey } from "./local/new-api-key.ts";

const USAGE = `make api-key WORKSPACE=acme, with SCOPES=${SCOPES.join(",")} AGENTS=agent-7,agent-8 FILE=api-keys.json as needed`;

// What a customer's program does: it reads and changes agents and subscriptions, publishes and redelivers.
const DEFAULT_SCOPES = "read,write";

/** The environment, as `make` hands it on; an empty value counts as none. */
type Asked = Readonly<Record<string, string | undefined>>;

/**
 * The key that was asked for. Throws where the service would refuse its entry: the same rules read
 * the keys file.
 */
export const keyFor = ({
  WORKSPACE,
  SCOPES: scopes,
  AGENTS,
  KEY_ID,
  EXPIRES,
}: Asked): NewApiKey => {
  if (!WORKSPACE) throw new Error(`WORKSPACE: is missing, expected ${USAGE}`);
  const made = newApiKey({
    id: KEY_ID || `k${randomBytes(4).toString("hex")}`,
    workspace_id: WORKSPACE,
    scopes: (scopes || DEFAULT_SCOPES)
      .split(",")
      .map((scope) => scope.trim()) as NewApiKey["entry"]["scopes"],
    ...(AGENTS ? { agents: AGENTS.split(",").map((agent) => agent.trim()) } : {}),
    ...(EXPIRES ? { expires_at: EXPIRES } : {}),
  });
  const read = readApiKeyEntries(JSON.stringify([made.entry]));
  if (read.kind === "invalid")
    throw new Error(`${read.message.replace(/^entry 0 \([^)]*\): /, "")} (${USAGE})`);
  return made;
};

const addTo = async (file: string, { entry }: NewApiKey): Promise<void> => {
  const entries = await keyEntriesIn(file);
  if (entries.some(({ id }) => id === entry.id)) {
    throw new Error(`${file} has a key with id '${entry.id}': choose another KEY_ID`);
  }
  await writeKeyEntries(file, [...entries, entry]);
};

if (import.meta.main) {
  try {
    const made = keyFor(process.env);
    const { FILE } = process.env;
    if (FILE) await changingKeys(FILE, () => addTo(FILE, made));
    const scopes = made.entry.scopes.join(", ");
    console.error(`A key of workspace ${made.entry.workspace_id} (${scopes}), shown this once:`);
    console.log(made.key);
    if (FILE) {
      console.error(`Its digest is in ${FILE}, for API_KEYS_FILE.`);
    } else {
      console.error("Its line for the array in API_KEYS_FILE (FILE=api-keys.json puts it there):");
      console.log(JSON.stringify(made.entry));
    }
  } catch (error) {
    console.error(`api-key: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(1);
  }
}

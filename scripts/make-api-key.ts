import { randomBytes } from "node:crypto";
import {
  readApiKeyEntries,
  SCOPES,
} from "../services/subscriptions/src/http/auth/api-key-entries.ts";
import { newApiKey, type NewApiKey } from "./local/new-api-key.ts";

const USAGE = `make api-key WORKSPACE=acme SCOPES=${SCOPES.join(",")}`;

/** A wish for a key, as it stands in the environment: what `make` was told. */
type Wish = Readonly<Record<string, string | undefined>>;

/**
 * The key that was wished for. Throws where the service would refuse its entry: the same rules read
 * the keys file.
 */
export const keyFor = ({
  WORKSPACE = "",
  SCOPES: scopes = "",
  KEY_ID,
  EXPIRES,
}: Wish): NewApiKey => {
  if (WORKSPACE === "") throw new Error(`WORKSPACE: is missing, expected ${USAGE}`);
  if (scopes === "") throw new Error(`SCOPES: is missing, expected ${USAGE}`);
  const made = newApiKey({
    id: KEY_ID === undefined || KEY_ID === "" ? `k${randomBytes(4).toString("hex")}` : KEY_ID,
    workspace_id: WORKSPACE,
    scopes: scopes.split(",").map((scope) => scope.trim()) as NewApiKey["entry"]["scopes"],
    ...(EXPIRES === undefined || EXPIRES === "" ? {} : { expires_at: EXPIRES }),
  });
  const read = readApiKeyEntries(JSON.stringify([made.entry]));
  if (read.kind === "invalid") throw new Error(`${read.message} (${USAGE})`);
  return made;
};

if (import.meta.main) {
  try {
    const { key, entry } = keyFor(process.env);
    console.error("The key, shown this once, for whoever calls the API:");
    console.log(key);
    console.error("Its line for the array in API_KEYS_FILE:");
    console.log(JSON.stringify(entry));
  } catch (error) {
    console.error(`api-key: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(1);
  }
}

import { createHash, randomBytes } from "node:crypto";
import { replaceFile, writeTempFile } from "./temp-dir.ts";

/** One key to be made. `expiresAt` is an ISO date. */
export interface ApiKeyRequest {
  readonly workspaceId: string;
  readonly scopes: readonly ("read" | "write" | "admin")[];
  readonly agents?: readonly string[];
  readonly expiresAt?: string;
}

export interface ApiKeysFile {
  readonly file: string;
  /** The whole keys, `rb_<id>_<secret>`, in the order of the requests. */
  readonly keys: string[];
}

/** Makes keys and the `API_KEYS_FILE` that knows their digests; `file` replaces an earlier one. */
export async function writeApiKeysFile(
  requests: readonly ApiKeyRequest[],
  file?: string,
): Promise<ApiKeysFile> {
  const made = requests.map(makeApiKey);
  const text = JSON.stringify(
    made.map(({ entry }) => entry),
    null,
    2,
  );
  if (file !== undefined) await replaceFile(file, text);
  const path = file ?? (await writeTempFile("api-keys.json", text));
  return { file: path, keys: made.map(({ key }) => key) };
}

function makeApiKey({ workspaceId, scopes, agents, expiresAt }: ApiKeyRequest) {
  const id = randomBytes(4).toString("hex");
  const key = `rb_${id}_${randomBytes(32).toString("hex")}`;
  const entry = {
    id,
    workspace_id: workspaceId,
    sha256: createHash("sha256").update(key).digest("hex"),
    scopes,
    ...(agents === undefined ? {} : { agents }),
    ...(expiresAt === undefined ? {} : { expires_at: expiresAt }),
  };
  return { key, entry };
}

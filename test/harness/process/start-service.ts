import { type ApiKeysFile, writeApiKeysFile } from "../api-keys.ts";
import { afterAll, beforeAll } from "vitest";
import { type NatsServer, startNatsServer } from "../nats/nats-server.ts";
import { type ServiceProcess, startService } from "./service-process.ts";
import { apiClient, type ApiClient } from "../api-client.ts";

export const ENTRY = "services/subscriptions/src/main.ts";

/** A running service and clients with keys of the workspace `acme`, and of another one. */
export interface StartedService {
  readonly service: ServiceProcess;
  readonly keysFile: ApiKeysFile;
  readonly admin: ApiClient;
  readonly writer: ApiClient;
  readonly reader: ApiClient;
  /** An admin of the workspace `other`. */
  readonly other: ApiClient;
}

export interface StartServiceOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Those of an earlier instance; without them new ones. */
  readonly keysFile?: ApiKeysFile;
  readonly timeoutMs?: number;
}

/** The keys of `StartedService`, in its order. */
export function writeKeys(): Promise<ApiKeysFile> {
  return writeApiKeysFile([
    { workspaceId: "acme", scopes: ["admin"] },
    { workspaceId: "acme", scopes: ["write"] },
    { workspaceId: "acme", scopes: ["read"] },
    { workspaceId: "other", scopes: ["admin"] },
  ]);
}

/** Starts the service as a process on this server and waits until it is ready. */
export async function startOn(
  server: Pick<NatsServer, "url">,
  options: StartServiceOptions = {},
): Promise<StartedService> {
  const keysFile = options.keysFile ?? (await writeKeys());
  const service = await startService({
    entry: ENTRY,
    env: { NATS_URL: server.url, API_KEYS_FILE: keysFile.file, ...options.env },
    ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
  });
  const client = (n: number) => apiClient(service, keysFile.keys[n] ?? "");
  return {
    service,
    keysFile,
    admin: client(0),
    writer: client(1),
    reader: client(2),
    other: client(3),
  };
}

/**
 * Has the service run on a server of its own during the tests of a file: what is given back is filled before
 * the file's other `beforeAll`, so read its fields only within hooks and tests.
 */
export function useApi(
  options: StartServiceOptions = {},
): Readonly<StartedService & { server: NatsServer }> {
  const api = {} as StartedService & { server: NatsServer };
  beforeAll(async () => {
    api.server = await startNatsServer();
    Object.assign(api, await startOn(api.server, options));
  });
  afterAll(async () => {
    await api.service.stop();
    await api.server.stop();
  });
  return api;
}

import { request, type Answer, type CallInit } from "../harness/api-client.ts";
import { eventually } from "../harness/eventually.ts";
import { writeApiKeysFile, type ApiKeysFile } from "../harness/api-keys.ts";
import { startNatsServer, type NatsServer } from "../harness/nats/nats-server.ts";
import { startOn, type StartedService } from "../harness/process/start-service.ts";

/** Two instances of the service on one nats-server, with the same file of keys. */
export type AccessScene = {
  readonly server: NatsServer;
  readonly one: StartedService;
  readonly other: StartedService;
  readonly keysFile: ApiKeysFile;
  /** An admin's key of `acme`, one of `other`, a reader's of `acme`, and an operator's. */
  readonly admin: string;
  readonly theirs: string;
  readonly reader: string;
  readonly operator: string;
  readonly stop: () => Promise<void>;
};

export const startAccess = async (): Promise<AccessScene> => {
  const server = await startNatsServer();
  const keysFile = await writeApiKeysFile([
    { workspaceId: "acme", scopes: ["admin"] },
    { workspaceId: "other", scopes: ["admin"] },
    { workspaceId: "acme", scopes: ["read"] },
    { workspaceId: "*", scopes: ["admin"] },
  ]);
  const [one, other] = await Promise.all([
    startOn(server, { keysFile }),
    startOn(server, { keysFile }),
  ]);
  const [admin = "", theirs = "", reader = "", operator = ""] = keysFile.keys;
  return {
    server,
    one,
    other,
    keysFile,
    admin,
    theirs,
    reader,
    operator,
    stop: async () => {
      await Promise.all([one.service.stop(), other.service.stop()]);
      await server.stop();
    },
  };
};

/** Calls an instance with a key; `body` is sent as JSON. */
export const callWith = (
  { service }: Pick<StartedService, "service">,
  key: string,
  [method, path, body]: readonly [string, string, unknown?],
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> => {
  const sent: CallInit = {
    method,
    headers: {
      "x-api-key": key,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  };
  // A machine with too much to do answers so for a moment: nothing was done.
  return eventually(async () => {
    const answer = await request(service.httpUrl(`/ca/api/v0${path}`), sent);
    return answer.body?.["code"] === "overloaded" ? null : answer;
  });
};

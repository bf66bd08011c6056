import { readFileSync } from "node:fs";
import { jetstream } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { eventMessage } from "@ringback/contracts/events/event";
import { writeApiKeysFile } from "../harness/api-keys.ts";
import { apiClient, type ApiClient } from "../harness/api-client.ts";
import { eventually } from "../harness/eventually.ts";
import { type HeaderKey, writeHeaderKeys } from "../harness/header-keys.ts";
import { type ServiceProcess, startService } from "../harness/process/service-process.ts";
import {
  type Receiver,
  type ReceivedRequest,
  startReceiver,
} from "../harness/receiver/receiver.ts";
import { writeTempFile } from "../harness/temp-dir.ts";
import type { Role, SecuredNats } from "../security/nats-privileges/secured-nats.ts";

export const SERVICE_ROLES = ["subscriptions", "dispatcher"] as const;

/** Both services as an installation has them: users of their own, and every secret in a file. */
export interface SecuredPlatform {
  readonly services: readonly ServiceProcess[];
  readonly receiver: Receiver;
  /** An admin of the workspace `w1`. */
  readonly client: ApiClient;
  readonly apiKeysFile: string;
  readonly headerKeysFile: string;
  /** The file with `NATS_URL` of each service. */
  readonly urlFiles: Readonly<Record<(typeof SERVICE_ROLES)[number], string>>;
  /** Publishes an event of `a1` as this connection's user, and gives the request that came of it. */
  delivered(
    callId: string,
    producer: NatsConnection,
    more?: Readonly<Record<string, string>>,
  ): Promise<ReceivedRequest>;
  stop(): Promise<void>;
}

/** Starts both services on a server with the shipped permissions, with one subscription that has a header. */
export async function startSecuredPlatform(
  nats: SecuredNats,
  { keys }: { readonly keys: readonly HeaderKey[] },
): Promise<SecuredPlatform> {
  const receiver = await startReceiver();
  const apiKeys = await writeApiKeysFile([{ workspaceId: "w1", scopes: ["admin"] }]);
  const headerKeysFile = await writeHeaderKeys(keys);
  const urlFiles = {
    subscriptions: await writeTempFile("nats-url", urlOf(nats, "subscriptions")),
    dispatcher: await writeTempFile("nats-url", urlOf(nats, "dispatcher")),
  };
  const start = (role: (typeof SERVICE_ROLES)[number]): Promise<ServiceProcess> => {
    const { NATS_URL: _, ...env } = nats.env(role);
    return startService({
      entry: `services/${role}/src/main.ts`,
      env: {
        ...env,
        NATS_URL_FILE: urlFiles[role],
        HEADER_ENCRYPTION_KEYS_FILE: headerKeysFile,
        API_KEYS_FILE: apiKeys.file,
        AGENT_REGISTRATION: "automatic",
        ALLOW_PLAINTEXT_HEADERS: "false",
        ALLOW_INSECURE_HTTP: "true",
        ALLOWED_PRIVATE_CIDRS: "127.0.0.0/8",
      },
    });
  };
  const services = await Promise.all(SERVICE_ROLES.map(start));
  const client = apiClient(services[0] as ServiceProcess, apiKeys.keys[0] ?? "");
  await subscribe(client, receiver.url("/calls"));
  return {
    services,
    receiver,
    client,
    apiKeysFile: apiKeys.file,
    headerKeysFile,
    urlFiles,
    delivered: async (callId, producer, more = {}) => {
      await publish(callId, producer, more);
      const own = (): ReceivedRequest | null =>
        receiver.requests.find(({ body }) => body.toString().includes(`"${callId}"`)) ?? null;
      return eventually(own, { what: `${callId} is delivered` });
    },
    stop: async () => {
      await Promise.all(services.map((service) => service.stop()));
      await receiver.stop();
    },
  };
}

/** The address with which a role logs in. */
export const urlOf = (nats: SecuredNats, role: Role): string => nats.env(role)["NATS_URL"] ?? "";

/** The text of the CA's certificate that services of this server have. */
export const caOf = ({ files }: SecuredNats): string => readFileSync(files.ca, "utf8");

async function subscribe(client: ApiClient, callback_url: string): Promise<void> {
  const headers = { Authorization: "Bearer s3cret" };
  const body = {
    operation: "edit_event_subscriptions",
    agent_id: "a1",
    event_subscriptions: [{ event_type: "call_completed", callback_url, headers }],
  };
  // A machine with too much to do answers 503 for a moment.
  await eventually(async () => (await client.patch(body)).status === 200);
}

async function publish(
  callId: string,
  producer: NatsConnection,
  more: Readonly<Record<string, string>>,
): Promise<void> {
  const eventType = "call_completed" as const;
  const address = { workspaceId: "w1", callId, agentId: "a1", eventType };
  const body = { event_type: eventType, call_id: callId, ...more };
  const message = eventMessage({ ...address, body });
  await jetstream(producer).publish(message.subject, message.body, { msgID: message.messageId });
}

import { sharedAddress, type SampleEvent } from "../demo/events.ts";

/** Where `make up` listens unless told otherwise. */
export const UP_PORTS = { nats: 4222, http: 8080, admin: 9081, receiver: 9900 } as const;

export type Addresses = {
  readonly natsUrl: string;
  readonly apiUrl: string;
  readonly receiverUrl: string;
  readonly dispatcherAdminUrl: string;
};

/** The addresses of `make up` with its default ports. */
export const UP_ADDRESSES: Addresses = {
  natsUrl: `nats://127.0.0.1:${UP_PORTS.nats}`,
  apiUrl: `http://127.0.0.1:${UP_PORTS.http}`,
  receiverUrl: `http://127.0.0.1:${UP_PORTS.receiver}`,
  dispatcherAdminUrl: `http://127.0.0.1:${UP_PORTS.admin + 1}`,
};

export const AGENT_DISPLAY_NAME = "EMI reminder (Hindi and English)";

/**
 * Commands for a shell in the root of the repository that do by hand what the demo does. `key` is
 * the API key, or a shell expression for it.
 */
export const byHand = (samples: readonly SampleEvent[], at: Addresses, key: string): string => {
  const { agentId, callId } = sharedAddress(samples);
  const api = `${at.apiUrl}/ca/api/v0`;
  const eventTypes = samples.map(({ eventType }) => eventType);
  const subscription = { event_type: eventTypes, callback_url: `${at.receiverUrl}/webhooks` };
  return [
    "# an agent, and where its events go",
    curl("POST", `${api}/agent/v1`, key, {
      agent_id: agentId,
      agent_display_name: AGENT_DISPLAY_NAME,
    }),
    curl("PATCH", `${api}/agent/v1`, key, {
      operation: "edit_event_subscriptions",
      agent_id: agentId,
      event_subscriptions: [subscription],
    }),
    curl("GET", `${api}/agent/v1/${agentId}`, key),
    "",
    "# an event; within 10 minutes the same Nats-Msg-Id counts as the same event, once",
    ...samples.map((sample) => natsPub(sample, at.natsUrl)),
    "",
    "# the same over HTTP, for who has no command line of NATS",
    ...samples.map(({ file }) => post(`${api}/events`, key, file)),
    "",
    "# what became of it; docs/api/index.md has all calls, and /docs shows them",
    curl("GET", `${api}/calls/${callId}/events`, key),
    `RINGBACK_API_KEY=${key} npx --no-install ringback events`,
    "",
    "# every attempt as it happens, and the dispatcher's numbers",
    `nats --server ${at.natsUrl} sub 'attempts.>'`,
    `curl -sS ${at.dispatcherAdminUrl}/metrics | grep '^ringback_.*_total' | grep -v ' 0$'`,
  ].join("\n");
};

const curl = (method: string, url: string, key: string, body?: unknown): string => {
  const start = `curl -sS -X ${method} ${url} -H "X-API-KEY: ${key}"`;
  if (body === undefined) return start;
  return `${start} \\\n  -H 'content-type: application/json' -d '${JSON.stringify(body)}'`;
};

const post = (url: string, key: string, file: string): string =>
  `${curl("POST", url, key)} \\\n  -H 'content-type: application/json' --data-binary @${file}`;

// --force-stdin: without it the CLI reads a body from a file only when its own output is a terminal.
// --jetstream: it waits for the stream's answer and says where the event was stored.
const natsPub = ({ message, file }: SampleEvent, natsUrl: string): string =>
  `nats --server ${natsUrl} pub --jetstream --force-stdin -H "Nats-Msg-Id:${message.messageId}" \\\n` +
  `  ${message.subject} < ${file}`;

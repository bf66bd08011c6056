import { sharedAddress, type SampleEvent } from "../demo/events.ts";

/** Where `make up` listens unless told otherwise. */
export const UP_PORTS = { nats: 4222, http: 8080, admin: 9081, receiver: 9900 } as const;

export type Addresses = {
  readonly natsUrl: string;
  readonly apiUrl: string;
  readonly receiverUrl: string;
  readonly dispatcherAdminUrl: string;
};

/** Where `make up` writes what another shell needs, from the root of the repository. */
export const SHELL_ENV_FILE = ".run/up.env";

/** The addresses of `make up` with its default ports. */
export const UP_ADDRESSES: Addresses = {
  natsUrl: `nats://127.0.0.1:${UP_PORTS.nats}`,
  apiUrl: `http://127.0.0.1:${UP_PORTS.http}`,
  receiverUrl: `http://127.0.0.1:${UP_PORTS.receiver}`,
  dispatcherAdminUrl: `http://127.0.0.1:${UP_PORTS.admin + 1}`,
};

export const AGENT_DISPLAY_NAME = "EMI reminder (Hindi and English)";

/**
 * Commands for a second shell in the root of the repository that do by hand what the demo does. The ways to
 * publish that need nothing but set-up come first. `shellEnv` is the file that `make up` writes for such a shell.
 */
export const byHand = (
  samples: readonly SampleEvent[],
  at: Addresses,
  shellEnv: string = SHELL_ENV_FILE,
): string => {
  const { agentId, callId } = sharedAddress(samples);
  const eventTypes = samples.map(({ eventType }) => eventType);
  const files = samples.map(({ file }) => file);
  const subscription = { event_type: eventTypes, callback_url: `${at.receiverUrl}/webhooks` };
  return [
    "# the API's address and key for the commands below, and Node.js 24",
    `. ${shellEnv}`,
    "",
    "# an agent, and where its events go",
    curl("PATCH", "$api/agent/v1", {
      operation: "edit_event_subscriptions",
      agent_id: agentId,
      event_subscriptions: [subscription],
    }),
    "",
    "# events, over HTTP",
    ...files.slice(1).map(post),
    "",
    "# one with the command line",
    `npx --no-install ringback publish ${files[0]}`,
    "",
    "# what became of them; docs/api/index.md has all calls, and /docs shows them",
    curl("GET", `$api/calls/${callId}/events`),
    "npx --no-install ringback events",
    "",
    "# the dispatcher's numbers",
    `curl -sS ${at.dispatcherAdminUrl}/metrics | grep '^ringback_.*_total' | grep -v ' 0$'`,
    "",
    "# for who has NATS's own command line (https://github.com/nats-io/natscli): the same events, and every",
    "# attempt as it happens; within 10 minutes the same Nats-Msg-Id counts as the same event, once",
    ...samples.map(natsPub),
    "nats --server $NATS_URL sub 'attempts.>'",
  ].join("\n");
};

const curl = (method: string, url: string, body?: unknown): string => {
  const start = `curl -sS -X ${method} "${url}" -H "X-API-KEY: $KEY"`;
  if (body === undefined) return start;
  return `${start} \\\n  -H 'content-type: application/json' -d '${JSON.stringify(body)}'`;
};

const post = (file: string): string =>
  `${curl("POST", "$api/events")} \\\n  -H 'content-type: application/json' --data-binary @${file}`;

// --force-stdin: without it the CLI reads a body from a file only when its own output is a terminal.
// --jetstream: it waits for the stream's reply and says where the event was stored.
const natsPub = ({ message, file }: SampleEvent): string =>
  `nats --server $NATS_URL pub --jetstream --force-stdin -H "Nats-Msg-Id:${message.messageId}" \\\n` +
  `  ${message.subject} < ${file}`;

import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePorts } from "../../test/harness/free-ports.ts";
import { ensureApiKey } from "../local/api-key.ts";
import { ensureHeaderKeys } from "../local/header-keys.ts";
import { keyEntriesIn, writeKeyEntries } from "../local/key-entries.ts";
import { newApiKey } from "../local/new-api-key.ts";
import { startReceiver } from "../local/receiver.ts";
import { startLocalStack } from "../local/stack.ts";
import { ensureNatsServer } from "../nats-server.ts";
import { AGENTS, ENDPOINTS, eventsOfCall, statusOf } from "./campaign.ts";

const CALLS = 320;
const CALLS_AT_A_TIME = 8;
/** As long as that a chart by minutes shows how it went. */
const CAMPAIGN_MS = 12 * 60_000;
const WORKSPACE = "northwind-lending";
const GRACE_MS = 5_000;

/** A live stack in which the campaign has run; its processes end with `close`. */
export type Stage = {
  /** Address of the console of the campaign's workspace, without a slash at the end. */
  readonly consoleUrl: string;
  readonly key: string;
  /** A key of who runs the installation. */
  readonly operatorKey: string;
  /** Where the portal is, and the API beside it. */
  readonly portal: string;
  /** Where a page of the lender's product may frame the portal. */
  readonly productPort: number;
  readonly call: (method: string, path: string, body?: unknown) => Promise<unknown>;
};

/** Starts NATS, both services and the lender's endpoints, and runs the campaign, with more and fewer calls at a time. */
export const startStage = async (cleanup: AsyncDisposableStack): Promise<Stage> => {
  const dir = await mkdtemp(join(tmpdir(), "ringback-pictures-"));
  const { key, keysFile } = await ensureApiKey(dir, WORKSPACE);
  const operator = newApiKey({ id: "operator", workspace_id: "*", scopes: ["admin"] });
  await writeKeyEntries(keysFile, [...(await keyEntriesIn(keysFile)), operator.entry]);
  const [http = 0, productPort = 0] = await freePorts(2);
  // The portal has a host of its own, where there is no console.
  const portal = `http://127.0.0.1:${http}`;
  const lender = cleanup.use(await startReceiver({ port: 0, statusFor: statusOf }));
  const stack = cleanup.use(
    await startLocalStack({
      natsServer: await ensureNatsServer(),
      storeDir: join(dir, "nats"),
      logDir: dir,
      apiKeysFile: keysFile,
      headerKeysFile: await ensureHeaderKeys(join(dir, "header-keys.json")),
      ports: { nats: 0, http, subscriptionsAdmin: 0, dispatcherAdmin: 0 },
      // As in production, but that a picture need not wait for minutes.
      env: {
        AGENT_REGISTRATION: "automatic",
        RETRY_DELAYS: "2s,8s,40s",
        PORTAL_ORIGIN: portal,
        PORTAL_FRAME_ANCESTORS: `http://localhost:${productPort}`,
        RUNBOOK_BASE_URL: "https://wiki.example.com/runbooks",
      },
      stopGraceMs: GRACE_MS,
    }),
  );
  const api = `${stack.apiUrl}/ca/api/v0`;
  const call = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const response = await fetch(api + path, {
      method,
      headers: { "x-api-key": key, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${await response.text()}`);
    return response.json();
  };
  await subscribe(call, lender.url);
  await publish(call);
  const consoleUrl = `http://localhost:${http}/console/w/${WORKSPACE}`;
  return { consoleUrl, key, operatorKey: operator.key, portal, productPort, call };
};

const subscribe = async (call: Stage["call"], lender: string): Promise<void> => {
  for (const { id, name } of AGENTS) {
    await call("POST", "/agent/v1", { agent_id: id, agent_display_name: name });
    await call("PATCH", "/agent/v1", {
      operation: "edit_event_subscriptions",
      agent_id: id,
      event_subscriptions: [
        { event_type: ["call_started", "call_completed"], callback_url: `${lender}/calls` },
      ],
    });
  }
  for (const { path, ...endpoint } of ENDPOINTS) {
    await call("POST", "/endpoints", { ...endpoint, url: lender + path });
  }
};

const publish = async (call: Stage["call"]): Promise<void> => {
  for (let first = 0; first < CALLS;) {
    // A dialler has waves: from 4 to 12 calls at a time.
    const size = Math.min(CALLS - first, CALLS_AT_A_TIME + Math.round(4 * Math.sin(first / 40)));
    const calls = Array.from({ length: size }, (_, n) => eventsOfCall(first + n));
    await call("POST", "/events", { events: calls.flat() });
    await new Promise((resolve) => setTimeout(resolve, (CAMPAIGN_MS * CALLS_AT_A_TIME) / CALLS));
    first += size;
  }
};

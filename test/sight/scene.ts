import { eventId } from "@ringback/contracts/events/event";
import { createdAt } from "@ringback/contracts/streams/stream-origin";
import { afterAll, beforeAll } from "vitest";
import { apiClient, editOf, type Answer, type ApiClient } from "../harness/api-client.ts";
import { endpointsKnown } from "../harness/endpoints-known.ts";
import { eventually } from "../harness/eventually.ts";
import { startPlatform, type Platform } from "../harness/process/platform.ts";
import {
  startCountingReceiver,
  type CountingReceiver,
} from "../harness/receiver/counting-receiver.ts";
import { send } from "../endpoints/scene.ts";

/** Agents and their keys. Whatever is of `hidden` has the word in it, so that a text that tells of it is found. */
export const OURS = "ours";
export const HIDDEN = "hidden-agent";
export const SECRET = /hidden/i;

type Id =
  | "OWN_EVENT"
  | "HIDDEN_EVENT"
  | "OWN_JOB"
  | "HIDDEN_JOB"
  | "ALL_JOB"
  | "HIDDEN_KEY"
  | "HIDDEN_SESSION";

export type Scene = {
  readonly platform: Platform;
  readonly receiver: CountingReceiver;
  /** Sees all of the workspace. */
  readonly admin: ApiClient;
  /** An admin that is bound to the agent `ours`, and one that is bound to the other one. */
  readonly bound: ApiClient;
  readonly others: ApiClient;
  /** By the names that rows of tests use. */
  readonly ids: Record<Id, string>;
};

const scopes = ["admin"] as const;
const KEYS = [
  { workspaceId: "acme", scopes },
  { workspaceId: "acme", scopes, agents: [OURS, "unborn"] },
  { workspaceId: "acme", scopes, agents: [HIDDEN] },
];

/** The endpoints of a scene, by their uids; `ours` alone is that of the bound key. */
const ENDPOINTS: Readonly<Record<string, object>> = {
  "own-ep": { agents: [OURS] },
  "hidden-ep": { agents: [HIDDEN] },
  "hidden-both": { agents: [OURS, HIDDEN] },
  "hidden-all": { agents: ["*"] },
  "hidden-exhausted": { agents: [OURS], event_types: ["call_completed", "delivery_exhausted"] },
};

/** A platform with events of two agents, that went to their subscriptions and to all kinds of endpoints. */
export const useScene = (): Scene => {
  const scene = { ids: {} } as { -readonly [Key in keyof Scene]: Scene[Key] };
  beforeAll(async () => {
    scene.platform = await startPlatform({
      workspaces: [],
      keys: KEYS,
      env: { PORTAL_ORIGIN: "https://portal.example.com" },
    });
    scene.receiver = await startCountingReceiver();
    const { platform } = scene;
    const [admin, bound, others] = platform.apiKeys.map((key) =>
      apiClient(platform.subscriptions, key),
    );
    Object.assign(scene, { admin, bound, others });
    await fill(scene);
  });
  afterAll(async () => {
    await scene.platform.stop();
    await scene.receiver.stop();
  });
  return scene;
};

const fill = async ({ admin, receiver, platform, ids }: Scene): Promise<void> => {
  for (const agent of [OURS, HIDDEN]) {
    await done(() => admin.patch(editOf(agent, `${receiver.url}${agent}`)), 200);
  }
  for (const [uid, choice] of Object.entries(ENDPOINTS)) {
    const body = { uid, url: `${receiver.url}${uid}`, description: uid, ...choice };
    await done(() => send(admin, "POST", "/endpoints", body), 201);
  }
  await endpointsKnown(platform, Object.keys(ENDPOINTS).length);
  const createdMs = Date.parse((await platform.client.jsm.streams.info("EVENTS")).created);
  const publish = async (agentId: string, callId: string): Promise<string> => {
    const { seq } = await platform.publish({ workspaceId: "acme", agentId, callId });
    return eventId(createdAt(createdMs), seq);
  };
  ids.OWN_EVENT = await publish(OURS, "c-shared");
  ids.HIDDEN_EVENT = await publish(HIDDEN, "c-shared");
  await publish(HIDDEN, "c-hidden");
  await settled(admin, [ids.OWN_EVENT, ids.HIDDEN_EVENT]);
  const job = async (body: object): Promise<string> => {
    const wanted = { since: "1h", status: "dead_lettered", ...body };
    const { body: stored } = await done(() => send(admin, "POST", "/redeliveries", wanted), 202);
    return String(stored?.["redelivery_id"]);
  };
  ids.OWN_JOB = await job({ agent_id: OURS });
  ids.HIDDEN_JOB = await job({ agent_id: HIDDEN });
  ids.ALL_JOB = await job({});
  const key = { name: "hidden", scopes: ["read"], agents: [HIDDEN] };
  const { body: made } = await done(() => send(admin, "POST", "/api-keys", key), 201);
  ids.HIDDEN_KEY = String(made?.["key_id"]);
  const session = { capabilities: ["read"], expires_in: 600, agents: [HIDDEN] };
  const { body: opened } = await done(() => send(admin, "POST", "/portal-sessions", session), 201);
  ids.HIDDEN_SESSION = String(opened?.["session_id"]);
};

/** Sends a request until the machine has time for it. */
const done = (act: () => Promise<Answer>, status: number): Promise<Answer> =>
  eventually(async () => {
    const answer = await act();
    if (answer.status === status) return answer;
    throw new Error(`${answer.status} instead of ${status}: ${JSON.stringify(answer.body)}`);
  });

/** Waits until these events are delivered everywhere and the lists know it. */
const settled = (admin: ApiClient, ids: readonly string[]): Promise<unknown> =>
  eventually(
    async () => {
      const { body } = await admin.get("/events");
      const events = (body?.["events"] ?? []) as { event_id: string; status: string }[];
      for (const id of ids) {
        const status = events.find(({ event_id }) => event_id === id)?.status;
        if (status !== "delivered") throw new Error(`${id} is ${status}`);
      }
    },
    { timeoutMs: 30_000, what: "all events delivered" },
  );

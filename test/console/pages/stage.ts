import { freePorts } from "../../harness/free-ports.ts";
import { eventually } from "../../harness/eventually.ts";
import { startPlatform, type Platform } from "../../harness/process/platform.ts";
import { status } from "../../harness/receiver/behaviour.ts";
import { startReceiver } from "../../harness/receiver/receiver.ts";
import type { Page } from "playwright-core";
import { startBrowser, type TestBrowser } from "../harness/browser.ts";

/** A workspace `w1` in which there is one of everything that a page can show, and `w2`, in which there is nothing. */
export type Stage = {
  readonly platform: Platform;
  readonly browser: TestBrowser;
  readonly console: string;
  readonly operatorKey: string;
  /** The portal's address, and the token of a session that may do everything that a session may. */
  readonly portal: string;
  readonly session: string;
  readonly eventId: string;
  readonly endpointId: string;
  readonly redeliveryId: string;
  readonly stop: () => Promise<void>;
};

const EVERYTHING = ["read", "payloads", "test", "redeliver", "endpoints", "secrets"];

export const startPagesStage = async (chromium: string): Promise<Stage> => {
  const [port = 0] = await freePorts(1);
  const portal = `http://localhost:${port}`;
  const receiver = await startReceiver(({ path }) =>
    path.endsWith("/503") ? status(503, { body: "down for maintenance" }) : status(200),
  );
  const platform = await startPlatform({
    workspaces: ["w1", "w2", "*"],
    env: { HTTP_PORT: String(port), PORTAL_ORIGIN: portal, RETRY_DELAYS: "10m" },
  });
  const { origin } = new URL(platform.subscriptions.httpUrl(""));
  const browser = await startBrowser(chromium, [origin, portal]);
  const made = async (path: string, body: object): Promise<Record<string, string>> => {
    const answer = await platform.api("POST", path, body);
    if (answer.status >= 300) throw new Error(`POST ${path}: ${JSON.stringify(answer)}`);
    return answer.body as Record<string, string>;
  };
  const endpointId = await configure(platform, made, (path) => receiver.url(path));
  await platform.publish({ callId: "c-delivered" });
  const failed = await platform.publish({ callId: "c-failed", eventType: "recording_completed" });
  await platform.publish({ callId: "c-given-up", eventType: "all_processing_completed" });
  await platform.attempted(failed, 1);
  await eventually(async () => (await platform.deadLetters()).length > 0, {
    what: "a dead letter",
  });
  const job = { status: "dead_lettered", since: "1h", rate_per_second: 10 };
  const { redelivery_id: redeliveryId = "" } = await made("/redeliveries", job);
  const session = await made("/portal-sessions", { capabilities: EVERYTHING, expires_in: 900 });
  await made("/api-keys", { name: "CRM key", scopes: ["read"] });
  const eventId = await eventually(async () => {
    const { body } = await platform.api("GET", "/calls/c-failed/events");
    return (body as { events: { event_id: string }[] }).events[0]?.event_id ?? null;
  });
  return {
    platform,
    browser,
    console: `${origin}/console`,
    operatorKey: platform.apiKeys[2] ?? "",
    portal,
    session: new URLSearchParams(new URL(session["url"] ?? "").hash.slice(1)).get("session") ?? "",
    eventId,
    endpointId,
    redeliveryId,
    stop: async () => {
      await browser.close();
      await platform.stop();
      await receiver.stop();
    },
  };
};

/** An agent whose events are delivered, wait for a retry and are given up; an endpoint that fails, and a paused one. */
const configure = async (
  platform: Platform,
  made: (path: string, body: object) => Promise<Record<string, string>>,
  url: (path: string) => string,
): Promise<string> => {
  await platform.subscribe([
    { event_type: "call_completed", callback_url: url("/ok") },
    { event_type: "recording_completed", callback_url: url("/503") },
    {
      event_type: "all_processing_completed",
      callback_url: url("/503"),
      delivery: { retry_delays: [] },
    },
  ]);
  await platform.api("PUT", "/event-types/kyc_done", {
    description: "The customer was identified",
    example: { score: 0.93 },
    schema: { type: "object" },
  });
  const { endpoint_id: paused = "" } = await made("/endpoints", { uid: "desk", url: url("/ok") });
  await made(`/endpoints/${paused}/pause`, {});
  const { endpoint_id: id = "" } = await made("/endpoints", {
    uid: "crm",
    url: url("/503"),
    description: "CRM, production",
    headers: { Authorization: "Bearer x" },
    event_types: ["call_*", "recording_completed"],
    filter: { data: { call_duration: { $gte: 30 } } },
    delivery: { max_in_flight: 4 },
    order: { by: "call", on_failure: "skip" },
    metadata: { team: "crm" },
  });
  return id;
};

/** A page of the workspace, `w1` unless told otherwise, in which an operator is signed in. */
export const openAsOperator = async (
  { browser, console: address, operatorKey }: Stage,
  at = "w1/keys",
): Promise<Page> => {
  const page = await browser.open();
  await page.goto(`${address}/w/${at}#key=${operatorKey}`);
  await page.getByRole("heading", { level: 1 }).waitFor();
  return page;
};

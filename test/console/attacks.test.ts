import { eventSubject } from "@ringback/contracts/streams/subjects";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freePorts } from "../harness/free-ports.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { startPlatform, type Platform } from "../harness/process/platform.ts";
import { startReceiver, type Receiver } from "../harness/receiver/receiver.ts";
import { startBrowser, type TestBrowser } from "./harness/browser.ts";
import { findChromium } from "./harness/chromium.ts";

failOnLeaks();
const chromium = await findChromium();

const MARKUP = `<img src=x onerror="alert(1)"><script>alert(2)</script>"'><svg/onload=alert(3)>`;
const LONG = "x".repeat(900_000);

describe.skipIf(chromium === undefined)("hostile contents and callers", () => {
  let platform: Platform;
  let receiver: Receiver;
  let browser: TestBrowser;
  let portal: string;
  let events: string[];
  const dialogs: string[] = [];

  beforeAll(async () => {
    const [port = 0] = await freePorts(1);
    portal = `http://localhost:${port}`;
    const headers = { "x-note": MARKUP };
    receiver = await startReceiver({ kind: "status", status: 500, headers, body: MARKUP });
    platform = await startPlatform({
      env: { HTTP_PORT: String(port), PORTAL_ORIGIN: portal, RETRY_DELAYS: "none" },
    });
    browser = await startBrowser(chromium ?? "", [origin(), portal]);
    await platform.subscribe([{ event_type: "call_completed", callback_url: receiver.url("/") }]);
    await platform.subscribe([{ event_type: "call_completed", callback_url: receiver.url("/") }], {
      agentId: "a2",
    });
    const text = `${MARKUP} \u202Etxt.exe ${LONG}`;
    events = [
      await published("a1", "c-1", { big: "BIG", [MARKUP]: text }),
      await published("a2", "c-2", {}),
    ];
  });
  afterAll(async () => {
    await browser.close();
    await platform.stop();
    await receiver.stop();
  });

  const origin = () => new URL(platform.subscriptions.httpUrl("")).origin;

  /** Publishes an event, waits until it was attempted, and gives its id. */
  const published = async (agentId: string, callId: string, more: object): Promise<string> => {
    const address = { workspaceId: "w1", callId, agentId, eventType: "call_completed" } as const;
    const body = { event_type: "call_completed", call_id: callId, agent_id: agentId, ...more };
    const json = JSON.stringify(body).replace('"BIG"', "12345678901234567890.0");
    const { seq } = await platform.client.js.publish(eventSubject(address), json);
    await platform.attempted({ seq, address }, 1, 30_000);
    const { body: answer } = await platform.api("GET", `/calls/${callId}/events`);
    return (answer as { events: { event_id: string }[] }).events[0]?.event_id ?? "";
  };

  const watched = async (): Promise<Page> => {
    const page = await browser.open();
    page.on("dialog", (dialog) => {
      dialogs.push(dialog.message());
      void dialog.dismiss();
    });
    return page;
  };
  const sessionUrl = async (): Promise<URL> => {
    const asked = { agents: ["a1"], capabilities: ["read"], expires_in: 600 };
    const { body } = await platform.api("POST", "/portal-sessions", asked);
    return new URL((body as { url: string }).url);
  };

  test("markup, scripts, bidi marks and lines of a megabyte show as text, and numbers as written", async () => {
    const page = await watched();
    const began = performance.now();
    await page.goto(`${origin()}/console/w/w1/events/${events[0]}#key=${platform.apiKeys[0]}`);
    const payload = page.getByRole("region", { name: /payload/i }).first();
    await payload.waitFor();
    const shown = (await payload.textContent()) ?? "";
    // Not `toContain`: a failure would print a megabyte.
    const parts = [JSON.stringify(MARKUP).slice(1, -1), "\\u202E", "12345678901234567890.0"];
    expect(parts.filter((part) => !shown.includes(part))).toEqual([]);
    expect(shown.includes("\u202E")).toBe(false);
    expect(performance.now() - began).toBeLessThan(60_000);
    const widths = await page.evaluate<number[]>(
      "[document.documentElement.scrollWidth, window.innerWidth]",
    );
    expect(widths[0]).toBeLessThanOrEqual(widths[1] ?? 0);
    expect(dialogs).toEqual([]);
    expect(browser.faults()).toEqual([]);
  });

  test("a session of one agent is told nothing of another's events", async () => {
    const page = await watched();
    const url = await sessionUrl();
    await page.goto(`${portal}/events/${events[1]}${url.hash}`);
    await page.getByRole("alert").getByText("event", { exact: false }).first().waitFor();
    expect(await page.content()).not.toContain("c-2");
    await page.goto(`${portal}/calls`);
    await page.getByRole("link", { name: "c-1" }).waitFor();
    expect(await page.content()).not.toContain("c-2");
    browser.faults();
  });

  test("the token is in no address that is asked for, no Referer, no history and no log", async () => {
    const page = await watched();
    const url = await sessionUrl();
    const token = new URLSearchParams(url.hash.slice(1)).get("session") ?? "";
    expect(token).toMatch(/^rbs_/);
    const asked: string[] = [];
    page.on("request", (request) => {
      const { authorization: _authorization, ...headers } = request.headers();
      asked.push(`${request.url()} ${JSON.stringify(headers)}`);
    });
    await page.goto(url.href);
    await page.getByRole("navigation").getByRole("link").first().waitFor();
    await page.goto("about:blank");
    await page.goBack();
    await page.getByRole("navigation").getByRole("link").first().waitFor();
    expect(page.url()).not.toContain(token);
    const [, ...afterFirst] = asked;
    expect(afterFirst.length).toBeGreaterThan(3);
    expect(afterFirst.join("\n")).not.toContain(token);
    expect(JSON.stringify(platform.subscriptions.logs)).not.toContain(token);
    expect(await page.evaluate<string>("document.cookie")).toBe("");
    browser.faults();
  });
});

import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { endpointsKnown } from "../harness/endpoints-known.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { startPlatform, type Platform } from "../harness/process/platform.ts";
import { status } from "../harness/receiver/behaviour.ts";
import { startReceiver, type Receiver } from "../harness/receiver/receiver.ts";
import { startBrowser, type TestBrowser } from "./harness/browser.ts";
import { findChromium } from "./harness/chromium.ts";

failOnLeaks();
const chromium = await findChromium();

const PORTAL = "https://portal.example.com";

describe.skipIf(chromium === undefined)("the pages of endpoints, agents, types and filters", () => {
  let platform: Platform;
  let receiver: Receiver;
  let browser: TestBrowser;
  let origin: string;
  let endpoint: string;

  beforeAll(async () => {
    receiver = await startReceiver(({ path }) => status(path.endsWith("/503") ? 503 : 200));
    platform = await startPlatform({ env: { RETRY_DELAYS: "60s", PORTAL_ORIGIN: PORTAL } });
    origin = platform.subscriptions.httpUrl("").replace(/\/$/, "");
    browser = await startBrowser(chromium ?? "", [origin]);
    await platform.subscribe([{ event_type: "call_completed", callback_url: receiver.url("/a") }]);
    const made = await platform.api("POST", "/endpoints", {
      uid: "crm",
      url: receiver.url("/503"),
      description: "CRM, production",
      headers: { Authorization: "Bearer x" },
      event_types: ["call_*", "all_processing_completed"],
      filter: { data: { call_duration: { $gte: 30 } } },
      delivery: { retry_delays: ["60s"], max_in_flight: 4 },
      order: { by: "call", on_failure: "skip" },
      metadata: { team: "crm" },
    });
    endpoint = (made.body as { endpoint_id: string }).endpoint_id;
    await endpointsKnown(platform, 1);
    const body = {
      event_type: "call_completed",
      call_duration: 61,
      status: "completed",
      call_id: "c-1",
    };
    const event = await platform.publish({ callId: "c-1", body });
    await platform.attempted(event, 1);
  });
  afterAll(async () => {
    await browser.close();
    await platform.stop();
    await receiver.stop();
  });

  const openAs = async (token: string, options?: Parameters<TestBrowser["open"]>[0]) => {
    const page = await browser.open(options);
    await page.goto(`${origin}/console/w/w1/endpoints#${token}`);
    return page;
  };

  const visit = async (page: Page, path: string): Promise<void> => {
    await page.goto(`${origin}/console/w/w1${path}`);
    await page.getByRole("heading", { level: 1 }).waitFor();
    await page.getByRole("status", { name: "Loading" }).first().waitFor({ state: "detached" });
  };

  test("go on while one of them cannot be loaded, which says so and can be loaded again", async () => {
    const page = await openAs(`key=${platform.apiKeys[0]}`);
    await page.getByRole("link", { name: "crm" }).waitFor();
    await page.route(/assets\/agents-page/, (route) => route.fulfill({ status: 503 }));
    await page.getByRole("link", { name: "Agents" }).click();
    await page.getByRole("heading", { name: "This page could not be loaded" }).waitFor();
    await page.getByRole("link", { name: "Endpoints" }).click();
    await page.getByRole("link", { name: "crm" }).waitFor();
    await page.getByRole("link", { name: "Agents" }).click();
    await page.unroute(/assets\/agents-page/);
    await page.getByRole("button", { name: "Try again" }).click();
    await page.getByRole("link", { name: "a1" }).waitFor();
    // The browser and React say themselves what could not be loaded; nothing else is wrong.
    const other = browser.faults().filter((fault) => !fault.includes("agents-page"));
    expect(other).toEqual([]);
  });

  test("say who gets an event and why others do not, and try a filter on a real event", async () => {
    const page = await openAs(`key=${platform.apiKeys[0]}`);
    await visit(page, "/filters");
    await page.getByRole("button", { name: "Show who gets it" }).click();
    await page.getByRole("link", { name: "crm" }).waitFor();
    const filter = page.getByRole("textbox", { name: "Filter" });
    const trial = page.getByRole("button", { name: "Try it on this event" });
    await trial.click();
    await page.getByText("The filter matches").waitFor();
    await filter.fill('{"data": {"status": {"$in": ["failed"]}}}');
    await trial.click();
    await page.getByText("filter.data.status.$in").waitFor();
    await filter.fill('{"data": {"status": {"$inn": ["failed"]}}}');
    await trial.click();
    await page.locator("textarea[aria-invalid=true]").waitFor();
    expect(browser.faults()).toEqual([]);
  });

  test("offer a portal session what it may do, and nothing else", async () => {
    const session = await platform.api("POST", "/portal-sessions", {
      capabilities: ["read", "endpoints"],
      expires_in: 600,
    });
    const { url } = session.body as { url: string };
    const page = await openAs(new URL(url).hash.slice(1));
    await visit(page, `/endpoints/${endpoint}`);
    const names = await page.getByRole("main").getByRole("button").allTextContents();
    const offered = names.map((text) => text.trim());
    expect(offered).toEqual(expect.arrayContaining(["Pause", "Disable", "Delete"]));
    expect(offered).not.toContain("Send a test event");
    expect(offered).not.toContain("Rotate the secret");
    await page.getByText("Authorization: <redacted>").waitFor();
    await visit(page, "/event-types");
    expect(await page.getByRole("button", { name: "Add an event type" }).count()).toBe(0);
    expect(browser.faults()).toEqual([]);
  });
});

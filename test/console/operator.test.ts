import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { startPlatform, type Platform } from "../harness/process/platform.ts";
import { startBrowser, type TestBrowser } from "./harness/browser.ts";
import { findChromium } from "./harness/chromium.ts";

failOnLeaks();
const chromium = await findChromium();
const RUNBOOKS = "https://wiki.example.com/runbooks";

describe.skipIf(chromium === undefined)("an operator in the console", () => {
  let platform: Platform;
  let browser: TestBrowser;

  beforeAll(async () => {
    platform = await startPlatform({
      workspaces: ["w1", "*"],
      env: { RUNBOOK_BASE_URL: RUNBOOKS },
    });
    const { origin } = new URL(platform.subscriptions.httpUrl(""));
    browser = await startBrowser(chromium ?? "", [origin]);
    await platform.subscribe([
      { event_type: "call_completed", callback_url: "http://127.0.0.1:9/nobody" },
    ]);
  });
  afterAll(async () => {
    await browser.close();
    await platform.stop();
  });

  test("chooses a workspace, and sees all workspaces, streams and dispatchers with their runbooks", async () => {
    const page = await browser.open();
    await page.goto(platform.subscriptions.httpUrl(`/console/#key=${platform.apiKeys[1]}`));
    await page.getByLabel("Workspace ID").fill("w1");
    await page.getByRole("button", { name: "Open" }).click();
    await page.getByRole("link", { name: "Workspaces" }).click();
    await page.getByRole("row", { name: /w1/ }).waitFor();
    await page.getByRole("link", { name: "Streams" }).click();
    await page
      .getByRole("row", { name: /EVENTS/ })
      .first()
      .waitFor();
    const runbook = page.getByRole("link", { name: "RingbackBacklogGrowing" });
    expect(await runbook.getAttribute("href")).toBe(`${RUNBOOKS}/RingbackBacklogGrowing.md`);
    await page.getByRole("link", { name: "Dispatchers" }).click();
    await page.getByRole("table", { name: "Dispatchers" }).getByRole("row").nth(1).waitFor();
    expect(browser.faults()).toEqual([]);
  });

  test("who is none is offered none of it", async () => {
    const page = await browser.open();
    await page.goto(platform.subscriptions.httpUrl(`/console/#key=${platform.apiKeys[0]}`));
    await page.getByRole("link", { name: "Calls" }).waitFor();
    expect(await page.getByRole("link", { name: "Streams" }).count()).toBe(0);
    expect(browser.faults()).toEqual([]);
  });
});

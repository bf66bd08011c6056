import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Page } from "playwright-core";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { startPlatform, type Platform } from "../harness/process/platform.ts";
import { status } from "../harness/receiver/behaviour.ts";
import { startReceiver, type Receiver } from "../harness/receiver/receiver.ts";
import { startBrowser, type TestBrowser } from "./harness/browser.ts";
import { findChromium } from "./harness/chromium.ts";
import { openDialog } from "./harness/dialog.ts";

failOnLeaks();
const chromium = await findChromium();

describe.skipIf(chromium === undefined)("a call in the console", () => {
  let platform: Platform;
  let receiver: Receiver;
  let browser: TestBrowser;
  let origin: string;

  beforeAll(async () => {
    receiver = await startReceiver(({ path }) => status(path.endsWith("/503") ? 503 : 200));
    platform = await startPlatform({ env: { RETRY_DELAYS: "1s,60s" } });
    origin = platform.subscriptions.httpUrl("").replace(/\/$/, "");
    browser = await startBrowser(chromium ?? "", [origin]);
    await platform.subscribe([
      { event_type: "call_completed", callback_url: receiver.url("/ok") },
      { event_type: "recording_completed", callback_url: receiver.url("/503") },
    ]);
    await platform.publish({ callId: "c-1", eventType: "call_completed" });
    await platform.publish({ callId: "c-1", eventType: "recording_completed" });
  });
  afterAll(async () => {
    await browser.close();
    await platform.stop();
    await receiver.stop();
  });

  const signedIn = async (path: string): Promise<Page> => {
    const page = await browser.open();
    await page.goto(`${origin}/console${path}#key=${platform.apiKeys[0]}`);
    return page;
  };

  test("is found by its id, and shows each event with its attempts to scale", async () => {
    const page = await signedIn("/w/w1/calls");
    await page.getByRole("textbox", { name: "Call ID" }).fill("c-1");
    await page.getByRole("link", { name: "c-1" }).click();
    await page.getByRole("button", { name: /recording_completed: Attempt 2, failed/ }).click();
    const dialog = openDialog(page);
    expect(await dialog.textContent()).toContain("503");
    await page.keyboard.press("Escape");
    expect(browser.faults()).toEqual([]);
  });
});

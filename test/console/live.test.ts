import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writeApiKeysFile } from "../harness/api-keys.ts";
import { freePorts } from "../harness/free-ports.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { startPlatform, type Platform } from "../harness/process/platform.ts";
import { startService, type ServiceProcess } from "../harness/process/service-process.ts";
import { status } from "../harness/receiver/behaviour.ts";
import { startReceiver, type Receiver } from "../harness/receiver/receiver.ts";
import { startBrowser, type TestBrowser } from "./harness/browser.ts";
import { findChromium } from "./harness/chromium.ts";
import { openDialog } from "./harness/dialog.ts";

failOnLeaks();
const chromium = await findChromium();

const SOON = { timeout: 20_000 };

describe.skipIf(chromium === undefined)("the live page of the console", () => {
  let platform: Platform;
  let receiver: Receiver;
  let browser: TestBrowser;
  let port: string;
  let page: Page;
  let again: ServiceProcess | undefined;

  beforeAll(async () => {
    receiver = await startReceiver(({ path }) => status(path.endsWith("/503") ? 503 : 200));
    port = String((await freePorts(1))[0]);
    platform = await startPlatform({ env: { HTTP_PORT: port, RETRY_DELAYS: "10m" } });
    const origin = `http://127.0.0.1:${port}`;
    browser = await startBrowser(chromium ?? "", [origin]);
    await platform.subscribe([
      { event_type: "call_completed", callback_url: receiver.url("/ok") },
      { event_type: "recording_completed", callback_url: receiver.url("/503") },
    ]);
    // On NATS, so that it outlives the service.
    const made = await platform.api("POST", "/api-keys", { name: "live", scopes: ["read"] });
    page = await browser.open();
    await page.goto(`${origin}/console/w/w1/live#key=${(made.body as { key: string }).key}`);
  });
  afterAll(async () => {
    await browser.close();
    await platform.stop();
    await again?.stop();
    await receiver.stop();
  });

  const rows = () => page.getByRole("row", { name: /_completed/ });
  const call = (id: string) => page.getByRole("row", { name: new RegExp(` ${id}$`) });
  const live = () => page.getByRole("status").filter({ hasText: /^Live$/ });
  const publish = (callId: string) => platform.publish({ callId });

  test("attempts show as they are made, newest first, with request and response", async () => {
    await live().waitFor();
    await publish("c-1");
    await call("c-1").waitFor();
    await platform.publish({ callId: "c-2", eventType: "recording_completed" });
    await call("c-2").waitFor();
    expect(await rows().first().textContent()).toContain("c-2");
    await call("c-2").getByRole("button").click();
    const dialog = openDialog(page);
    expect(await dialog.textContent()).toContain("503");
    await page.keyboard.press("Escape");
    expect(browser.faults()).toEqual([]);
  });

  test("a pause shows nothing, and going on brings what came meanwhile, once", async () => {
    await page.getByRole("button", { name: "Pause" }).click();
    await page.getByText("Paused.").waitFor();
    await platform.attempted(await publish("c-3"), 1);
    expect(await call("c-3").count()).toBe(0);
    await page.getByRole("button", { name: "Go on" }).click();
    await call("c-3").waitFor();
    expect(await rows().count()).toBe(3);
  });

  test("after the API was killed and came back, it goes on where it was", async () => {
    await platform.subscriptions.kill();
    await page.getByText("The connection was lost").waitFor();
    await page.getByText("The API cannot be reached.").first().waitFor();
    await platform.attempted(await publish("c-4"), 1);
    const keys = await writeApiKeysFile([{ workspaceId: "w1", scopes: ["admin"] }]);
    again = await startService({
      entry: "services/subscriptions/src/main.ts",
      env: {
        NATS_URL: platform.server.url,
        HTTP_PORT: port,
        API_KEYS_FILE: keys.file,
        HEADER_ENCRYPTION_KEYS_FILE: platform.headerKeysFile,
      },
    });
    await call("c-4").waitFor();
    await live().waitFor();
    expect(await rows().count()).toBe(4);
    await publish("c-5");
    await call("c-5").waitFor();
    expect(browser.faults()).toEqual([]);
  });

  test("filters are in the address: another stream by type, fewer rows by outcome", async () => {
    await page.getByLabel("Outcome").selectOption("failed");
    await expect.poll(() => rows().count(), SOON).toBe(1);
    await page.getByLabel("Outcome").selectOption("");
    await page.getByLabel("Event type").fill("call_completed");
    await expect.poll(() => new URL(page.url()).search, SOON).toBe("?event_type=call_completed");
    await page.getByText("Waiting for attempts").waitFor();
    await live().waitFor();
    await platform.publish({ callId: "c-6", eventType: "recording_completed" });
    await publish("c-7");
    await call("c-7").waitFor();
    expect(await call("c-6").count()).toBe(0);
    await page.getByLabel("Event type").fill("No Type");
    await page.getByRole("alert").waitFor();
    expect(await page.getByLabel("Event type").getAttribute("aria-invalid")).toBe("true");
    expect(browser.faults()).toEqual([]);
  });
});

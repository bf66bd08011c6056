import { eventSubject } from "@ringback/contracts/streams/subjects";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { endpointsKnown } from "../harness/endpoints-known.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { status } from "../harness/receiver/behaviour.ts";
import { findChromium } from "./harness/chromium.ts";
import { startConsole, type ConsoleScene } from "./harness/console-scene.ts";

failOnLeaks();
const chromium = await findChromium();

const SOON = { timeout: 20_000 };

const ADDRESS = {
  workspaceId: "w1",
  agentId: "a1",
  callId: "c-2",
  eventType: "recording_completed",
} as const;
/** Beyond 2^53, a name that would be an element, and marks that turn the direction of text. */
const PAYLOAD =
  '{"event_type":"recording_completed","call_id":"c-2","id":12345678901234567890,"name":"<img src=x onerror=alert(1)>","odd":"a\u202Eb"}';

describe.skipIf(chromium === undefined)("events in the console", () => {
  let scene: ConsoleScene;
  let page: Page;
  let isDown = true;

  beforeAll(async () => {
    scene = await startConsole(chromium, {
      script: ({ path }) => status(path.endsWith("/flaky") && isDown ? 503 : 200),
      env: { RETRY_DELAYS: "10m", RETRY_JITTER: "0" },
    });
    page = await scene.browser.open();
    await scene.platform.subscribe([
      { event_type: "call_completed", callback_url: scene.receiver.url("/ok") },
      { event_type: "recording_completed", callback_url: scene.receiver.url("/flaky") },
    ]);
    const crm = {
      uid: "crm",
      url: scene.receiver.url("/ok"),
      event_types: ["recording_completed"],
    };
    await scene.platform.api("POST", "/endpoints", crm);
    await endpointsKnown(scene.platform, 1);
    await scene.platform.publish({ callId: "c-1", eventType: "call_completed" });
    await scene.platform.client.js.publish(eventSubject(ADDRESS), PAYLOAD);
  });
  afterAll(() => scene.stop());

  const go = (path: string, key?: string) => page.goto(scene.signingIn(path, key));
  const row = (name: RegExp) => page.getByRole("row", { name });

  test("the list narrows by filters that the address keeps, and says so when nothing matches", async () => {
    await go("/events");
    await row(/call_completed delivered/).waitFor();
    await page.getByLabel("Status", { exact: true }).selectOption("retrying");
    await row(/recording_completed retrying/).waitFor();
    await expect.poll(() => row(/call_completed/).count(), SOON).toBe(0);
    expect(new URL(page.url()).search).toBe("?status=retrying");
    await page.reload();
    await row(/recording_completed retrying/).waitFor();
    await page.getByLabel("Call", { exact: true }).fill("c-1");
    await page.getByText("Nothing matches these filters").waitFor();
    await page.getByRole("button", { name: "Clear the filters" }).click();
    await row(/call_completed delivered/).waitFor();
    expect(new URL(page.url()).search).toBe("");
    await page.getByLabel("Since").fill("yesterday");
    const since = page.getByLabel("Since");
    await expect.poll(() => since.getAttribute("aria-invalid"), SOON).toBe("true");
    expect(scene.browser.faults()).toEqual([]);
  });

  test("an event shows its payload as it was published, its destinations and each attempt", async () => {
    await go("/events?call_id=c-2");
    await page.getByRole("link", { name: "recording_completed" }).press("Enter");
    const payload = page.getByRole("region", { name: "Payload" });
    const text = (await payload.textContent()) ?? "";
    expect(text).toContain('"id": 12345678901234567890');
    expect(text).toContain("<img src=x onerror=alert(1)>");
    expect(text).toContain(String.raw`a\u202Eb`);
    await row(/^crm delivered/).waitFor();
    await row(/^agent's subscription retrying/).waitFor();
    await row(/1 · event failed 503/)
      .getByRole("button")
      .click();
    const dialog = page.getByRole("dialog", { name: "Attempt 1" });
    expect(await dialog.textContent()).toContain(`POST ${scene.receiver.url("/flaky")}`);
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "hidden" });
    expect(scene.browser.faults()).toEqual([]);
  });

  test("a waiting delivery is retried now, and the page sees what comes of it", async () => {
    isDown = false;
    await row(/^agent's subscription/)
      .getByRole("button", { name: "Retry now" })
      .click();
    const dialog = page.getByRole("dialog", { name: "Send the event again" });
    expect(await dialog.getByLabel(/agent's subscription: waits/).isChecked()).toBe(true);
    expect(await dialog.getByLabel(/crm: has got it/).isChecked()).toBe(false);
    await dialog.getByText("As curl").click();
    await dialog.getByRole("region", { name: "curl command" }).waitFor();
    await dialog.getByRole("button", { name: "Send to 1 destination" }).click();
    await page.getByText("Destinations: 1 retried now.").waitFor();
    await row(/^agent's subscription delivered/).waitFor();
    await row(/2 · redelivery delivered/).waitFor();
    expect(scene.browser.faults()).toEqual([]);
  });

  test("an event is sent again to chosen destinations", async () => {
    const before = scene.receiver.requests.length;
    await page.getByRole("button", { name: "Send again" }).click();
    const dialog = page.getByRole("dialog", { name: "Send the event again" });
    await dialog.getByLabel(/agent's subscription/).uncheck();
    await dialog.getByRole("button", { name: "Send to 1 destination" }).click();
    await page.getByText("Destinations: 1 sent again.").waitFor();
    await row(/1 · redelivery delivered .* crm/).waitFor();
    expect(scene.receiver.requests.slice(before).map(({ path }) => path)).toEqual(["/ok"]);
  });

  test("who may not read payloads or send again is not offered it", async () => {
    const made = await scene.platform.api("POST", "/api-keys", {
      name: "reader",
      scopes: ["read"],
    });
    const { key } = made.body as { key: string };
    await go("/events?call_id=c-2", key);
    await page.getByRole("link", { name: "recording_completed" }).click();
    await page.getByText("may not read payloads").waitFor();
    expect(await page.getByRole("button", { name: /again|retry now/i }).count()).toBe(0);
    await page.goto(`${scene.origin}/console/w/w1/events/evt_0_1`);
    await page.getByRole("alert").waitFor();
    expect(scene.browser.faults()).toEqual([]);
  });
});

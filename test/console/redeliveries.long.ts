import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../harness/eventually.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { status } from "../harness/receiver/behaviour.ts";
import { findChromium } from "./harness/chromium.ts";
import { startConsole, type ConsoleScene } from "./harness/console-scene.ts";
import { openDialog } from "./harness/dialog.ts";

failOnLeaks();
const chromium = await findChromium();

const SOON = { timeout: 20_000 };
const EVENTS = 12;

describe.skipIf(chromium === undefined)("what was given up, in the console", () => {
  let scene: ConsoleScene;
  let page: Page;
  let isDown = true;

  beforeAll(async () => {
    scene = await startConsole(chromium, {
      script: () => status(isDown ? 503 : 200),
      env: { RETRY_DELAYS: "100ms" },
    });
    page = await scene.browser.open();
    await scene.platform.subscribe([
      { event_type: "call_completed", callback_url: scene.receiver.url("/calls") },
    ]);
    for (let n = 0; n < EVENTS; n += 1) await scene.platform.publish({ callId: `c-${n}` });
    await eventually(async () => (await scene.platform.deadLetters()).length === EVENTS, {
      what: "all are given up",
    });
    isDown = false;
  });
  afterAll(() => scene.stop());

  const go = (path: string, key?: string) => page.goto(scene.signingIn(path, key));
  const row = (name: RegExp) => page.getByRole("row", { name });

  test("deliveries and dead letters are listed, counted, and narrowed by a click on a count", async () => {
    await go("/deliveries");
    await page.getByRole("button", { name: `dead lettered ${EVENTS}` }).click();
    await expect.poll(() => new URL(page.url()).search, SOON).toBe("?status=dead_lettered");
    await row(/call_completed dead lettered agent's subscription c-0 2 503/).waitFor();
    await go("/dead-letters");
    await page.getByRole("button", { name: `exhausted ${EVENTS}` }).waitFor();
    await page.getByLabel("Call", { exact: true }).fill("c-3");
    await row(/call_completed exhausted c-3/).waitFor();
    await expect.poll(() => row(/call_completed/).count(), SOON).toBe(1);
    expect(scene.browser.faults()).toEqual([]);
  });

  test("a job says what it covers, shows the API's errors at its fields, and moves to its end", async () => {
    await page.getByRole("button", { name: "Clear", exact: true }).click();
    await page.getByRole("button", { name: "Send many again" }).click();
    const dialog = page.getByRole("dialog", { name: "Send many events again" });
    await dialog.getByText(`${EVENTS} events match now`).waitFor();
    const rate = dialog.getByLabel("Deliveries a second");
    await rate.fill("0");
    await dialog.getByRole("button", { name: "Start the job" }).click();
    await expect.poll(() => rate.getAttribute("aria-invalid"), SOON).toBe("true");
    await rate.fill("4");
    await dialog.getByRole("button", { name: "Start the job" }).click();
    await page.getByRole("heading", { name: "Redelivery job" }).waitFor();
    const bar = page.getByRole("progressbar");
    const ended = async () => Number(await bar.getAttribute("aria-valuenow"));
    await expect.poll(ended, SOON).toBeGreaterThan(0);
    const early = await ended();
    await expect.poll(ended, SOON).toBeGreaterThan(early);
    await expect.poll(ended, SOON).toBe(100);
    await page.getByText("done", { exact: true }).waitFor();
    expect(scene.receiver.requests.length).toBe(3 * EVENTS);
    expect(scene.browser.faults()).toEqual([]);
  });

  test("a job is stopped once somebody has confirmed it", async () => {
    await go("/redeliveries");
    await row(/dead lettered done/).waitFor();
    await page.getByRole("button", { name: "Send many again" }).click();
    const dialog = openDialog(page);
    await dialog.getByLabel("Which").selectOption("all");
    await dialog.getByLabel("Deliveries a second").fill("1");
    await dialog.getByRole("button", { name: "Start the job" }).click();
    await page.getByRole("button", { name: "Stop the job" }).click();
    await dialog.getByRole("button", { name: "Stop the job" }).click();
    await page.getByText("stopped", { exact: true }).waitFor();
    const jobs = await scene.platform.api("GET", "/redeliveries?limit=1");
    expect(jobs.body).toMatchObject({ redeliveries: [{ state: "stopped", status: "all" }] });
    expect(scene.browser.faults()).toEqual([]);
  });

  test("who may not send again is not offered it", async () => {
    const made = await scene.platform.api("POST", "/api-keys", {
      name: "reader",
      scopes: ["read"],
    });
    const { key } = made.body as { key: string };
    for (const path of ["/deliveries", "/dead-letters", "/redeliveries"]) {
      await go(path, key);
      await page.getByRole("table").waitFor();
      expect(await page.getByRole("button", { name: /Send many/ }).count()).toBe(0);
    }
    expect(scene.browser.faults()).toEqual([]);
  });
});

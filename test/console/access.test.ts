import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { startPlatform, type Platform } from "../harness/process/platform.ts";
import { startBrowser, type TestBrowser } from "./harness/browser.ts";
import { findChromium } from "./harness/chromium.ts";
import { openDialog } from "./harness/dialog.ts";

failOnLeaks();
const chromium = await findChromium();

describe.skipIf(chromium === undefined)("access in the console", () => {
  let platform: Platform;
  let browser: TestBrowser;
  let origin: string;
  let page: Page;

  beforeAll(async () => {
    platform = await startPlatform({ dispatchers: 0 });
    origin = new URL(platform.subscriptions.httpUrl("")).origin;
    browser = await startBrowser(chromium ?? "", [origin]);
    page = await browser.open();
  });
  afterAll(async () => {
    await browser.close();
    await platform.stop();
  });

  const go = (path: string, key = platform.apiKeys[0]) =>
    page.goto(`${origin}/console/w/w1${path}#key=${key}`);
  const statusWith = async (key: string): Promise<number> => {
    const url = platform.subscriptions.httpUrl("/ca/api/v0/me");
    return (await fetch(url, { headers: { "x-api-key": key } })).status;
  };

  test("a key is made with the API's errors at its fields, shown once, rotated and deleted", async () => {
    await go("/keys");
    await page.getByRole("button", { name: "New key" }).click();
    const dialog = openDialog(page);
    await dialog.getByLabel("Agents").fill("not/an/id");
    await dialog.getByRole("button", { name: "Make the key" }).click();
    const name = dialog.getByRole("textbox", { name: "Name" });
    await expect.poll(() => name.getAttribute("aria-invalid"), { timeout: 20_000 }).toBe("true");
    expect(await dialog.getByLabel("Agents").getAttribute("aria-invalid")).toBe("true");
    await name.fill("CRM");
    await dialog.getByLabel("Agents").fill("a1");
    await dialog.getByRole("button", { name: "Make the key" }).click();
    const shown = await dialog.getByRole("region", { name: "The key" }).textContent();
    expect(await statusWith(shown ?? "")).toBe(200);
    await dialog.getByRole("button", { name: "I have copied it" }).click();
    const row = page.getByRole("row", { name: /CRM/ });
    expect(await row.textContent()).not.toContain(shown ?? "");
    await row.getByRole("button", { name: "Rotate" }).click();
    await dialog.getByLabel("How long the old one").selectOption("0s");
    await dialog.getByRole("button", { name: "Rotate" }).click();
    const rotated = await dialog.getByRole("region", { name: "The new key" }).textContent();
    await dialog.getByRole("button", { name: "I have copied it" }).click();
    await expect.poll(() => statusWith(shown ?? ""), { timeout: 20_000 }).toBe(401);
    expect(await statusWith(rotated ?? "")).toBe(200);
    await row.getByRole("button", { name: "Delete" }).click();
    await openDialog(page).getByRole("button", { name: "Delete" }).click();
    await expect.poll(() => statusWith(rotated ?? ""), { timeout: 20_000 }).toBe(401);
    await page.getByText("The key CRM is deleted.").waitFor();
    await page.getByRole("row", { name: /CRM/ }).waitFor({ state: "detached" });
    expect(browser.faults()).toEqual([]);
  });

  test("who did it stands in the history", async () => {
    await go("/history");
    await page
      .getByRole("row", { name: /createApiKey/ })
      .first()
      .waitFor();
    await page.getByLabel("Kind").selectOption("refused");
    await page.getByRole("row", { name: /createApiKey.*422/ }).waitFor();
    expect(new URL(page.url()).searchParams.get("kind")).toBe("refused");
    expect(browser.faults()).toEqual([]);
  });

  test("the key is in no address, history, storage of the site, or log", async () => {
    await go("/keys");
    await page.getByRole("button", { name: "New key" }).waitFor();
    expect(page.url()).not.toContain("rb_");
    const key = platform.apiKeys[0] ?? "";
    expect(JSON.stringify(platform.subscriptions.logs)).not.toContain(key.slice(-20));
    const stored = await page.evaluate("document.cookie + JSON.stringify(localStorage)");
    expect(stored).not.toContain("rb_");
    await page.goto("about:blank");
    await page.goBack();
    await page.getByRole("button", { name: "New key" }).waitFor();
    expect(page.url()).not.toContain("rb_");
  });
});

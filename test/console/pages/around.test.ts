import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { failOnLeaks } from "../../harness/process/leaks.ts";
import { startPlatform, type Platform } from "../../harness/process/platform.ts";
import { accessFaults } from "../harness/axe.ts";
import { startBrowser, type TestBrowser } from "../harness/browser.ts";
import { findChromium } from "../harness/chromium.ts";
import { unreachable } from "./keyboard.ts";
import { lookFaults } from "./looks.ts";

failOnLeaks();
const chromium = await findChromium();

describe.skipIf(chromium === undefined)("what is around the pages", () => {
  let platform: Platform;
  let browser: TestBrowser;
  let console: string;
  let page: Page;

  beforeAll(async () => {
    platform = await startPlatform({ workspaces: ["w1", "*"], dispatchers: 0 });
    const { origin } = new URL(platform.subscriptions.httpUrl(""));
    console = `${origin}/console`;
    browser = await startBrowser(chromium ?? "", [origin]);
    page = await browser.open();
  });
  afterAll(async () => {
    await browser.close();
    await platform.stop();
  });

  const faults = async (): Promise<readonly string[]> => [
    ...(await accessFaults(page)),
    ...(await lookFaults(page)),
    ...browser.faults(),
  ];

  test("the sign-in can be seen and used by everybody", async () => {
    await page.goto(`${console}/`);
    await page.getByLabel("API key").fill("rb_x");
    expect(await faults()).toEqual([]);
  });

  test("so can the choice of a workspace, once an address with a key was opened over the sign-in", async () => {
    await page.goto(`${console}/#key=${platform.apiKeys[1]}`);
    await page.getByLabel("Workspace ID").waitFor();
    expect(await faults()).toEqual([]);
  });

  test("so can an address that is none", async () => {
    await page.goto(`${console}/w/w1/nowhere`);
    await page.getByRole("heading", { name: "Nothing here" }).waitFor();
    expect(await faults()).toEqual([]);
  });

  test("Tab leads to the page past the navigation, and through the navigation", async () => {
    await page.goto(`${console}/w/w1/calls`);
    await page.getByRole("heading", { name: "Calls" }).waitFor();
    await page.evaluate("document.body.tabIndex = -1; document.body.focus()");
    await page.keyboard.press("Tab");
    expect(await page.evaluate("document.activeElement.textContent")).toBe("Skip to the page");
    expect(await unreachable(page, "header")).toEqual([]);
    await page.getByRole("link", { name: "Skip to the page" }).press("Enter");
    await page.keyboard.press("Tab");
    expect(await page.evaluate("document.activeElement.closest('main') !== null")).toBe(true);
  });

  test("on a phone the menu opens and closes by keyboard, and leads to each page", async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    const menu = page.getByRole("button", { name: "Menu" });
    const agents = page.getByRole("link", { name: "Agents" });
    expect(await agents.isVisible()).toBe(false);
    await menu.press("Enter");
    expect(await menu.getAttribute("aria-expanded")).toBe("true");
    expect(await accessFaults(page)).toEqual([]);
    await menu.press("Enter");
    await agents.waitFor({ state: "hidden" });
    await menu.press("Space");
    await agents.press("Enter");
    await page.getByRole("heading", { name: "Agents" }).waitFor();
    expect(await agents.isVisible()).toBe(false);
    expect(browser.faults()).toEqual([]);
  });
});

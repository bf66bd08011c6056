import type { Page } from "playwright-core";
import { accessFaults, isTooWide } from "../harness/axe.ts";
import { becomes, unreachable } from "./keyboard.ts";

const DESK = { width: 1280, height: 800 };
const PHONE = { width: 360, height: 740 };

/** Whatever a page asks the API for but who is signed in. */
const ASKED = /\/ca\/api\/v0\/(?!me$)/;

/** Where the page is, and text that shows once it has read what it is about. */
export type Opening = { readonly address: string; readonly shows: RegExp };

export const isRead = async (page: Page, shows: RegExp): Promise<void> => {
  await page.getByRole("main").filter({ hasText: shows }).waitFor();
  await page.getByRole("status", { name: "Loading" }).first().waitFor({ state: "detached" });
};

export const openPage = async (page: Page, { address, shows }: Opening): Promise<void> => {
  await page.goto(address);
  await isRead(page, shows);
};

/** Opens the page while the API does not respond, and then fails, and then works: what is missing in what it says. */
export const openInTrouble = async (
  page: Page,
  { address, shows }: Opening,
): Promise<readonly string[]> => {
  const main = page.getByRole("main");
  const loading = main.getByRole("status", { name: "Loading" });
  const held = Promise.withResolvers<void>();
  await page.route(ASKED, async (route) => {
    await held.promise;
    await route.fulfill({ status: 500, body: "" }).catch(() => undefined);
  });
  await page.goto(address);
  await main.getByRole("heading", { level: 1 }).waitFor();
  const found: string[] = [];
  if ((await loading.count()) === 0) found.push("it does not say that it is loading");
  held.resolve();
  const retry = main.getByRole("button", { name: "Try again" });
  await retry.first().waitFor();
  if (!(await becomes(async () => (await loading.count()) === 0))) {
    found.push("it goes on loading what has failed");
  }
  await page.unroute(ASKED);
  await retry.first().click();
  await isRead(page, shows);
  return found;
};

/** What is wrong with an open page in the dark on a phone, and what a keyboard does not reach on a desk. */
export const lookFaults = async (page: Page): Promise<readonly string[]> => {
  const found: string[] = [];
  await page.emulateMedia({ colorScheme: "dark" });
  await page.setViewportSize(PHONE);
  if (!(await becomes(async () => !(await isTooWide(page))))) {
    found.push("it is wider than a phone");
  }
  found.push(...(await accessFaults(page)).map((fault) => `on a phone, dark: ${fault}`));
  await page.setViewportSize(DESK);
  await page.emulateMedia({ colorScheme: "light" });
  await page.locator("main h1").focus();
  return [...found, ...(await unreachable(page, "main"))];
};

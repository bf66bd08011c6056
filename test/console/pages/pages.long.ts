import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { failOnLeaks } from "../../harness/process/leaks.ts";
import { findChromium } from "../harness/chromium.ts";
import { pressFaults } from "./keyboard.ts";
import { isRead, lookFaults, openInTrouble, openPage } from "./looks.ts";
import { listedPages, ofNothing, rowOf } from "./page-list.ts";
import { openAsOperator, startPagesStage, type Stage } from "./stage.ts";

failOnLeaks();
const chromium = await findChromium();
const pages = await listedPages();
const paths = pages.map(({ path }) => path);
const ofPortal = pages.filter(({ audience }) => audience === "everybody").map(({ path }) => path);

const AWAY = "The API cannot be reached.";

/** Goes to a page as a link of the console does. */
const goWithin = (page: Page, address: string) =>
  page.evaluate(`history.pushState(null, "", ${JSON.stringify(address)})`);

describe.skipIf(chromium === undefined)("each page in depth", () => {
  let stage: Stage;
  let page: Page;

  beforeAll(async () => {
    stage = await startPagesStage(chromium ?? "");
    page = await openAsOperator(stage);
  });
  afterAll(() => stage.stop());

  test.each(paths)(
    "says that it loads, or failed; each of its buttons does something by keyboard, and each dialog behaves: %s",
    async (path) => {
      const row = rowOf(path);
      const opening = { address: `${stage.console}/w/w1${row.at(stage)}`, shows: row.shows };
      const found: string[] = [];
      if (row.asksNothing === true) await openPage(page, opening);
      else found.push(...(await openInTrouble(page, opening)));
      found.push(...(await pressFaults(page, () => openPage(page, opening))));
      expect(found).toEqual([]);
      expect(stage.browser.faults()).toEqual([]);
    },
  );

  test("says in a new workspace that there is nothing yet, and what would be there", async () => {
    const fresh = await openAsOperator(stage, "w2/calls");
    for (const path of paths) {
      await goWithin(fresh, `/console/w/w2${ofNothing(path)}`);
      await isRead(fresh, rowOf(path).empty);
    }
    expect(stage.browser.faults()).toEqual([]);
    await fresh.context().close();
  });

  test("says without a network that the API cannot be reached, and goes on once it can", async () => {
    const cut = await stage.browser.open();
    const { at, shows } = rowOf("/calls");
    await openPage(cut, {
      address: `${stage.console}/w/w1${at(stage)}#key=${stage.operatorKey}`,
      shows,
    });
    const away = cut.getByText(`${AWAY} What you see may be old`);
    await cut.context().setOffline(true);
    await away.waitFor();
    for (const path of paths) {
      await goWithin(cut, `/console/w/w1${rowOf(path).at(stage)}`);
      await cut.getByRole("main").getByRole("heading", { level: 1 }).waitFor();
      expect(await away.count()).toBe(1);
    }
    await goWithin(cut, `/console/w/w1${at(stage)}`);
    await cut.context().setOffline(false);
    await isRead(cut, shows);
    await away.waitFor({ state: "detached" });
    await cut.route(/\/ca\/api\/v0\//, (route) => route.abort());
    await cut.reload();
    await cut.getByText(AWAY).first().waitFor();
    await cut.unroute(/\/ca\/api\/v0\//);
    await isRead(cut, shows);
    // The browser and React say themselves what could not be loaded.
    const other = stage.browser
      .faults()
      .filter((fault) => !/ERR_|dynamically imported|preload CSS/.test(fault));
    expect(other).toEqual([]);
    await cut.context().close();
  });

  test.each(ofPortal)("can be seen and used by everybody in the portal: %s", async (path) => {
    const row = rowOf(path);
    const address = `${stage.portal}${row.at(stage)}#session=${stage.session}`;
    await openPage(page, { address, shows: row.shows });
    expect(await lookFaults(page)).toEqual([]);
    expect(stage.browser.faults()).toEqual([]);
  });

  test("of the console alone is not in the portal", async () => {
    for (const { path, audience } of pages) {
      if (audience === "everybody") continue;
      await page.goto(`${stage.portal}${rowOf(path).at(stage)}`);
      await page.getByRole("heading", { name: "Nothing here" }).waitFor();
    }
    expect(stage.browser.faults()).toEqual([]);
  });
});

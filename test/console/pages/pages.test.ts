import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { failOnLeaks } from "../../harness/process/leaks.ts";
import { accessFaults } from "../harness/axe.ts";
import { findChromium } from "../harness/chromium.ts";
import { lookFaults, openPage } from "./looks.ts";
import { listedPages, PAGE_ROWS, rowOf } from "./page-list.ts";
import { openAsOperator, startPagesStage, type Stage } from "./stage.ts";

failOnLeaks();
const chromium = await findChromium();
const paths = (await listedPages()).map(({ path }) => path);

test("each page has a row that says how it is tried", () => {
  expect(Object.keys(PAGE_ROWS).toSorted()).toEqual(paths.toSorted());
});

describe.skipIf(chromium === undefined)("each page", () => {
  let stage: Stage;
  let page: Page;

  beforeAll(async () => {
    stage = await startPagesStage(chromium ?? "");
    page = await openAsOperator(stage);
  });
  afterAll(() => stage.stop());

  test.each(paths)(
    "can be seen, light and dark, at a desk and on a phone, and reached by keyboard alone: %s",
    async (path) => {
      const { at, shows } = rowOf(path);
      await openPage(page, { address: `${stage.console}/w/w1${at(stage)}`, shows });
      expect([...(await accessFaults(page)), ...(await lookFaults(page))]).toEqual([]);
      expect(stage.browser.faults()).toEqual([]);
    },
  );
});

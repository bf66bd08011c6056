/**
 * Draws the pictures of the console in docs/images from a live stack in which a campaign has run (`make pictures`). Needs
 * Chromium. ONLY=call,overview draws some of them.
 */
import { join } from "node:path";
import type { Page } from "playwright-core";
import { startBrowser } from "../test/console/harness/browser.ts";
import { findChromium } from "../test/console/harness/chromium.ts";
import { reasonOf } from "./command.ts";
import { startProduct } from "./pictures/product.ts";
import { SHOTS, type Shot } from "./pictures/shots.ts";
import { startShown, type Shown } from "./pictures/shown.ts";
import { startStage, type Stage } from "./pictures/stage.ts";

const IMAGES = join(import.meta.dirname, "../docs/images");
const SETTLE_MS = 1_200;

const draw = async (): Promise<void> => {
  await using cleanup = new AsyncDisposableStack();
  const chromium = await findChromium();
  if (chromium === undefined) throw new Error("there is no Chromium to draw with");
  const stage = await startStage(cleanup);
  const product = cleanup.use(await startProduct(stage));
  const { origin } = new URL(stage.consoleUrl);
  const browser = await startBrowser(chromium, [origin, stage.portal, product.url]);
  cleanup.defer(browser.close);
  const shown = await startShown(stage);
  const only = (process.env["ONLY"] ?? "").split(",").filter((name) => name !== "");
  for (const shot of SHOTS) {
    if (only.length > 0 && !only.includes(shot.name)) continue;
    const { isDark = false, size } = shot;
    const page = await browser.open({ dark: isDark, ...(size && { size }) });
    await open(page, shot, { stage, shown, productUrl: product.url });
    await shot.prepare?.(page);
    await page.waitForTimeout(SETTLE_MS); // for charts and what comes later
    const path = join(IMAGES, `console-${shot.name}.png`);
    await page.screenshot({ path });
    console.log(`docs/images/console-${shot.name}.png`);
    await page.context().close();
  }
  const faults = browser.faults();
  if (faults.length > 0) throw new Error(`the pages had faults:\n${faults.join("\n")}`);
};

type Set = { readonly stage: Stage; readonly shown: Shown; readonly productUrl: string };

const open = async (page: Page, shot: Shot, { stage, shown, productUrl }: Set): Promise<void> => {
  if (shot.in === "frame") {
    await page.goto(productUrl);
    const frame = page.frameLocator("#portal");
    await frame.getByRole("link", { name: "Calls" }).click();
    await frame.getByRole("table").waitFor();
    return;
  }
  if (shot.in === "sign-in") {
    await page.goto(`${new URL(stage.consoleUrl).origin}/console/`);
  } else {
    const at = typeof shot.at === "string" ? shot.at : shot.at(shown);
    const key = shot.isOperators === true ? stage.operatorKey : stage.key;
    await page.goto(`${stage.consoleUrl}${at}#key=${key}`);
  }
  await page.getByRole("heading", { level: 1 }).waitFor();
};

try {
  await draw();
} catch (error) {
  console.error(`pictures: ${reasonOf(error)}`);
  process.exitCode = 1;
}

/**
 * Draws the pictures of the console in docs/images from a live stack in which a campaign has run (`make pictures`). Needs
 * Chromium. ONLY=call,overview draws some of them.
 */
import { join } from "node:path";
import { startBrowser } from "../test/console/harness/browser.ts";
import { findChromium } from "../test/console/harness/chromium.ts";
import { reasonOf } from "./command.ts";
import { shotsOf, type Shot } from "./pictures/shots.ts";
import { startStage } from "./pictures/stage.ts";

const IMAGES = join(import.meta.dirname, "../docs/images");
const SETTLE_MS = 1_200;

const draw = async (): Promise<void> => {
  await using cleanup = new AsyncDisposableStack();
  const chromium = await findChromium();
  if (chromium === undefined) throw new Error("there is no Chromium to draw with");
  const stage = await startStage(cleanup);
  const origin = new URL(stage.consoleUrl).origin;
  const browser = await startBrowser(chromium, [origin]);
  cleanup.defer(browser.close);
  const only = (process.env["ONLY"] ?? "").split(",").filter((name) => name !== "");
  for (const shot of await shotsOf(stage)) {
    if (only.length === 0 || only.includes(shot.name)) await take(shot);
  }
  const faults = browser.faults();
  if (faults.length > 0) throw new Error(`the pages had faults:\n${faults.join("\n")}`);

  async function take({ name, path, isDark, size, prepare }: Shot): Promise<void> {
    const page = await browser.open({ dark: isDark ?? false, ...(size && { size }) });
    await page.goto(`${stage.consoleUrl}${path}#key=${stage.key}`);
    await page.getByRole("heading", { level: 1 }).waitFor();
    await prepare?.(page);
    await page.waitForTimeout(SETTLE_MS); // for charts and what comes later
    await page.screenshot({ path: join(IMAGES, `console-${name}.png`) });
    console.log(`docs/images/console-${name}.png`);
    await page.context().close();
  }
};

try {
  await draw();
} catch (error) {
  console.error(`pictures: ${reasonOf(error)}`);
  process.exitCode = 1;
}

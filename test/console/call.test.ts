import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { status } from "../harness/receiver/behaviour.ts";
import { findChromium } from "./harness/chromium.ts";
import { startConsole, type ConsoleScene } from "./harness/console-scene.ts";
import { openDialog } from "./harness/dialog.ts";

failOnLeaks();
const chromium = await findChromium();

describe.skipIf(chromium === undefined)("a call in the console", () => {
  let scene: ConsoleScene;

  beforeAll(async () => {
    scene = await startConsole(chromium, {
      script: ({ path }) => status(path.endsWith("/503") ? 503 : 200),
      env: { RETRY_DELAYS: "1s,60s" },
    });
    await scene.platform.subscribe([
      { event_type: "call_completed", callback_url: scene.receiver.url("/ok") },
      { event_type: "recording_completed", callback_url: scene.receiver.url("/503") },
    ]);
    await scene.platform.publish({ callId: "c-1", eventType: "call_completed" });
    await scene.platform.publish({ callId: "c-1", eventType: "recording_completed" });
  });
  afterAll(() => scene.stop());

  test("is found by its id, and shows each event with its attempts to scale", async () => {
    const page = await scene.signedIn("/calls");
    await page.getByRole("textbox", { name: "Call ID" }).fill("c-1");
    await page.getByRole("link", { name: "c-1" }).click();
    await page.getByRole("button", { name: /recording_completed: Attempt 2, failed/ }).click();
    const dialog = openDialog(page);
    expect(await dialog.textContent()).toContain("503");
    await page.keyboard.press("Escape");
    expect(scene.browser.faults()).toEqual([]);
  });
});

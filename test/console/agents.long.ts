import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { findChromium } from "./harness/chromium.ts";
import { startConsole, type ConsoleScene } from "./harness/console-scene.ts";
import { pressInDialog } from "./harness/dialog.ts";

failOnLeaks();
const chromium = await findChromium();

describe.skipIf(chromium === undefined)("agents and event types in the console", () => {
  let scene: ConsoleScene;

  beforeAll(async () => {
    scene = await startConsole(chromium);
  });
  afterAll(() => scene.stop());

  test("an agent is registered, and its subscriptions are set with the API's errors at their fields", async () => {
    const page = await scene.signedIn("/agents");
    await page.getByRole("button", { name: "Register an agent" }).click();
    await page.getByLabel("Name", { exact: true }).fill("Reminder calls");
    await page.getByLabel("Agent ID").fill("agent-7");
    await pressInDialog(page, "Register");
    await page.getByRole("heading", { name: "Reminder calls" }).waitFor();
    await page.getByText("Nothing is subscribed").waitFor();
    await page.getByRole("button", { name: "Subscribe event types" }).click();
    await page
      .getByRole("combobox", { name: "Event types" })
      .fill("call_completed recording_completed ");
    await page.getByLabel("Callback URL").fill("https://user:password@crm.example.com/");
    await page.getByLabel("Time-out").fill("1h");
    await pressInDialog(page, "Subscribe");
    await page.locator("input[aria-invalid=true]").nth(1).waitFor();
    await page.getByLabel("Callback URL").fill(scene.receiver.url("/ok"));
    await page.getByLabel("Time-out").fill("10s");
    await page.getByRole("button", { name: "Add a header" }).click();
    await page.getByLabel("Name 1").fill("X-Team");
    await page.getByLabel("Value 1").fill("crm");
    await pressInDialog(page, "Subscribe");
    await page.getByRole("button", { name: "Edit call_completed" }).click();
    await page.getByLabel("Method").selectOption("PUT");
    await pressInDialog(page, "Save");
    await page.getByText(`PUT ${scene.receiver.url("/ok")}`).waitFor();
    const { body } = await scene.platform.api("GET", "/agent/v1/agent-7");
    const subscription = { headers: { "X-Team": "crm" }, delivery: { timeout: "10s" } };
    expect((body as { event_subscriptions: unknown[] }).event_subscriptions).toMatchObject([
      { ...subscription, event_type: "call_completed", method_type: "PUT" },
      { ...subscription, event_type: "recording_completed", method_type: "POST" },
    ]);
    expect(scene.browser.faults()).toEqual([]);
  });

  test("an agent's requests are signed and tried, it is renamed, its subscriptions are removed, and it is deregistered", async () => {
    await scene.platform.subscribe(
      [{ event_type: "call_completed", callback_url: scene.receiver.url("/x") }],
      {
        agentId: "a2",
      },
    );
    const page = await scene.signedIn("/agents/a2");
    await page.getByRole("button", { name: "Sign requests" }).click();
    await pressInDialog(page, "Rotate");
    const secret = page.getByRole("region", { name: "Signing secret" });
    expect(await secret.textContent()).toMatch(/^whsec_/);
    await pressInDialog(page, "I have copied it");
    await page.getByRole("button", { name: "Send a test event" }).click();
    await pressInDialog(page, "Send it");
    await page.getByText("The endpoint took it.").waitFor();
    await page.keyboard.press("Escape");
    await page.getByText("Signing secret rotated").waitFor();
    const name = "<img src=x onerror=alert(1)>";
    await page.getByRole("button", { name: "Rename" }).click();
    await page.getByLabel("Name", { exact: true }).fill(name);
    await pressInDialog(page, "Rename");
    await page.getByRole("heading", { name, level: 1 }).waitFor();
    await page.getByRole("button", { name: "Remove call_completed" }).click();
    await pressInDialog(page, "Remove it");
    await page.getByText("Nothing is subscribed").waitFor();
    await page.getByRole("button", { name: "Deregister" }).click();
    await pressInDialog(page, "Deregister it for good");
    await page.getByRole("heading", { name: "Agents" }).waitFor();
    expect((await scene.platform.api("GET", "/agent/v1/a2")).status).toBe(404);
    expect(scene.browser.faults()).toEqual([]);
  });

  test("a type of one's own is added with schema and example, changed and deleted", async () => {
    const page = await scene.signedIn("/event-types");
    await page.getByRole("link", { name: "call_completed" }).waitFor();
    await page.getByRole("button", { name: "Add an event type" }).click();
    await page.getByLabel("Name", { exact: true }).fill("kyc_done");
    await page.getByLabel("Schema").fill('{"type": "object"');
    await pressInDialog(page, "Add");
    await page.locator("textarea[aria-invalid=true]").waitFor();
    await page.getByLabel("Schema").fill('{"type": "object"}');
    await page.getByLabel("Example").fill('{"score": 0.93}');
    await pressInDialog(page, "Add");
    await page.getByRole("heading", { name: "kyc_done" }).waitFor();
    const example = page.getByRole("region", { name: "Example" });
    expect(await example.textContent()).toContain('"score": 0.93');
    await page.getByRole("button", { name: "Change" }).click();
    await page.getByLabel("Description").fill("The customer was identified");
    await pressInDialog(page, "Save");
    await page.getByText("The customer was identified").waitFor();
    await page.getByRole("button", { name: "Delete" }).click();
    await pressInDialog(page, "Delete it for good");
    await page.getByRole("heading", { name: "Event types" }).waitFor();
    expect(scene.browser.faults()).toEqual([]);
  });
});

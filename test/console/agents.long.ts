import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { startPlatform, type Platform } from "../harness/process/platform.ts";
import { startReceiver, type Receiver } from "../harness/receiver/receiver.ts";
import { startBrowser, type TestBrowser } from "./harness/browser.ts";
import { findChromium } from "./harness/chromium.ts";
import { openDialog } from "./harness/dialog.ts";

failOnLeaks();
const chromium = await findChromium();

const inDialog = (page: Page, name: string) =>
  openDialog(page).getByRole("button", { name, exact: true }).click();

describe.skipIf(chromium === undefined)("agents and event types in the console", () => {
  let platform: Platform;
  let receiver: Receiver;
  let browser: TestBrowser;
  let origin: string;

  beforeAll(async () => {
    receiver = await startReceiver();
    platform = await startPlatform();
    origin = platform.subscriptions.httpUrl("").replace(/\/$/, "");
    browser = await startBrowser(chromium ?? "", [origin]);
  });
  afterAll(async () => {
    await browser.close();
    await platform.stop();
    await receiver.stop();
  });

  const signedIn = async (path: string): Promise<Page> => {
    const page = await browser.open();
    await page.goto(`${origin}/console/w/w1${path}#key=${platform.apiKeys[0]}`);
    return page;
  };
  test("an agent is registered, and its subscriptions are set with the API's errors at their fields", async () => {
    const page = await signedIn("/agents");
    await page.getByRole("button", { name: "Register an agent" }).click();
    await page.getByLabel("Name", { exact: true }).fill("Reminder calls");
    await page.getByLabel("Agent ID").fill("agent-7");
    await inDialog(page, "Register");
    await page.getByRole("heading", { name: "Reminder calls" }).waitFor();
    await page.getByText("Nothing is subscribed").waitFor();
    await page.getByRole("button", { name: "Subscribe event types" }).click();
    await page
      .getByRole("combobox", { name: "Event types" })
      .fill("call_completed recording_completed ");
    await page.getByLabel("Callback URL").fill("https://user:password@crm.example.com/");
    await page.getByLabel("Time-out").fill("1h");
    await inDialog(page, "Subscribe");
    await page.locator("input[aria-invalid=true]").nth(1).waitFor();
    await page.getByLabel("Callback URL").fill(receiver.url("/ok"));
    await page.getByLabel("Time-out").fill("10s");
    await page.getByRole("button", { name: "Add a header" }).click();
    await page.getByLabel("Name 1").fill("X-Team");
    await page.getByLabel("Value 1").fill("crm");
    await inDialog(page, "Subscribe");
    await page.getByRole("button", { name: "Edit call_completed" }).click();
    await page.getByLabel("Method").selectOption("PUT");
    await inDialog(page, "Save");
    await page.getByText(`PUT ${receiver.url("/ok")}`).waitFor();
    const { body } = await platform.api("GET", "/agent/v1/agent-7");
    const subscription = { headers: { "X-Team": "crm" }, delivery: { timeout: "10s" } };
    expect((body as { event_subscriptions: unknown[] }).event_subscriptions).toMatchObject([
      { ...subscription, event_type: "call_completed", method_type: "PUT" },
      { ...subscription, event_type: "recording_completed", method_type: "POST" },
    ]);
    expect(browser.faults()).toEqual([]);
  });

  test("an agent's requests are signed and tried, it is renamed, its subscriptions are removed, and it is deregistered", async () => {
    await platform.subscribe([{ event_type: "call_completed", callback_url: receiver.url("/x") }], {
      agentId: "a2",
    });
    const page = await signedIn("/agents/a2");
    await page.getByRole("button", { name: "Sign requests" }).click();
    await inDialog(page, "Rotate");
    const secret = page.getByRole("region", { name: "Signing secret" });
    expect(await secret.textContent()).toMatch(/^whsec_/);
    await inDialog(page, "I have copied it");
    await page.getByRole("button", { name: "Send a test event" }).click();
    await inDialog(page, "Send it");
    await page.getByText("The endpoint took it.").waitFor();
    await page.keyboard.press("Escape");
    await page.getByText("Signing secret rotated").waitFor();
    const name = "<img src=x onerror=alert(1)>";
    await page.getByRole("button", { name: "Rename" }).click();
    await page.getByLabel("Name", { exact: true }).fill(name);
    await inDialog(page, "Rename");
    await page.getByRole("heading", { name, level: 1 }).waitFor();
    await page.getByRole("button", { name: "Remove call_completed" }).click();
    await inDialog(page, "Remove it");
    await page.getByText("Nothing is subscribed").waitFor();
    await page.getByRole("button", { name: "Deregister" }).click();
    await inDialog(page, "Deregister it for good");
    await page.getByRole("heading", { name: "Agents" }).waitFor();
    expect((await platform.api("GET", "/agent/v1/a2")).status).toBe(404);
    expect(browser.faults()).toEqual([]);
  });

  test("a type of one's own is added with schema and example, changed and deleted", async () => {
    const page = await signedIn("/event-types");
    await page.getByRole("link", { name: "call_completed" }).waitFor();
    await page.getByRole("button", { name: "Add an event type" }).click();
    await page.getByLabel("Name", { exact: true }).fill("kyc_done");
    await page.getByLabel("Schema").fill('{"type": "object"');
    await inDialog(page, "Add");
    await page.locator("textarea[aria-invalid=true]").waitFor();
    await page.getByLabel("Schema").fill('{"type": "object"}');
    await page.getByLabel("Example").fill('{"score": 0.93}');
    await inDialog(page, "Add");
    await page.getByRole("heading", { name: "kyc_done" }).waitFor();
    const example = page.getByRole("region", { name: "Example" });
    expect(await example.textContent()).toContain('"score": 0.93');
    await page.getByRole("button", { name: "Change" }).click();
    await page.getByLabel("Description").fill("The customer was identified");
    await inDialog(page, "Save");
    await page.getByText("The customer was identified").waitFor();
    await page.getByRole("button", { name: "Delete" }).click();
    await inDialog(page, "Delete it for good");
    await page.getByRole("heading", { name: "Event types" }).waitFor();
    expect(browser.faults()).toEqual([]);
  });
});

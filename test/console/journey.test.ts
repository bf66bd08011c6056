import type { Locator, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { findChromium } from "./harness/chromium.ts";
import { openDialog } from "./harness/dialog.ts";
import { startJourney, type Journey } from "./harness/journey.ts";

failOnLeaks();
const chromium = await findChromium();

const SOON = { timeout: 20_000 };
const GIVEN_UP = 6;

/** One person, one browser, one session: each test goes on where the one before it ended. */
describe.skipIf(chromium === undefined)("a person's way through the console", () => {
  let journey: Journey;
  let page: Page;
  let isBroken = false;

  beforeAll(async () => {
    journey = await startJourney(chromium ?? "");
    page = await journey.browser.open();
  });
  afterAll(() => journey.stop());
  beforeEach(({ onTestFailed }) => {
    if (isBroken) throw new Error("a step before this one failed");
    onTestFailed(() => {
      isBroken = true;
    });
  });
  afterEach(() => {
    const faults = journey.browser.faults();
    if (faults.length > 0) throw new Error(`faults of the pages: ${faults.join(", ")}`);
  });

  const go = (name: string) =>
    page.getByRole("navigation").getByRole("link", { name, exact: true }).click();
  const press = (name: string, within: Page | Locator = page) =>
    within.getByRole("button", { name, exact: true }).click();
  const dialog = () => openDialog(page);
  const row = (name: RegExp) => page.getByRole("row", { name });
  const publish = async (type: string, callId: string) => {
    const event = { event_type: type, agent_id: "agent-7", call_id: callId };
    expect((await journey.platform.api("POST", "/events", event)).status).toBeLessThan(300);
  };
  /** What stands at a field as its error. */
  const errorAt = async (field: Locator): Promise<string> => {
    await expect.poll(() => field.getAttribute("aria-invalid"), SOON).toBe("true");
    const ids = ((await field.getAttribute("aria-describedby")) ?? "").split(" ");
    const error = ids.find((id) => id.endsWith("-error")) ?? "nothing describes it";
    return (await page.locator(`[id="${error}"]`).textContent()) ?? "";
  };

  test("signs in with the account of their organisation", async () => {
    await page.goto(`${journey.origin}/console/`);
    await page.getByRole("link", { name: "Sign in with your organisation's account" }).click();
    await page.getByLabel("Name").fill("ann");
    await press("Sign in");
    await page.getByRole("heading", { name: "Overview" }).waitFor();
    await page.getByText("Workspace w1, as Ann Lee").waitFor();
    expect(page.url()).not.toContain("rbs_");
  });

  test("registers an agent, and subscribes a type of event", async () => {
    await go("Agents");
    await press("Register an agent");
    await dialog().getByLabel("Name", { exact: true }).fill("Reminder calls");
    await dialog().getByLabel("Agent ID").fill("agent-7");
    await press("Register", dialog());
    await page.getByRole("heading", { name: "Reminder calls" }).waitFor();
    await press("Subscribe event types");
    await dialog().getByRole("combobox", { name: "Event types" }).fill("recording_completed ");
    const url = dialog().getByLabel("Callback URL");
    await url.fill("recordings");
    await press("Subscribe", dialog());
    expect(await errorAt(url)).toContain("must begin with https://");
    await url.fill(journey.receiver.url("/archive"));
    await dialog().getByLabel("Delays before retries").fill("1s");
    await press("Subscribe", dialog());
    await row(/recording_completed/).waitFor();
  });

  test("creates an endpoint once the API's errors, each at its field, are mended", async () => {
    await go("Endpoints");
    await page.getByRole("link", { name: "Add an endpoint" }).click();
    const url = page.getByRole("textbox", { name: "URL" });
    const filter = page.getByLabel("Filter", { exact: true });
    await url.fill("ftp://crm.example.com");
    await page.getByRole("textbox", { name: "Your own ID" }).fill("crm");
    await press("Add a header");
    const header = page.getByLabel("Name 1").first();
    await header.fill("Bad Header");
    await page.getByLabel("Value 1").first().fill("x");
    await filter.fill('{"data": {"loan": {"$gt": true}}}');
    await press("Create the endpoint");
    expect(await errorAt(url)).toMatch(/https?/);
    expect(await errorAt(header)).toMatch(/header/i);
    expect(await errorAt(filter)).toContain("data.loan.$gt");
    await url.fill(journey.receiver.url("/crm"));
    await header.fill("X-Team");
    await filter.fill("");
    await page.getByRole("group", { name: "Event types" }).getByLabel("Only some").check();
    await page.getByLabel("Names or patterns").fill("call_*");
    await page.getByLabel("Delays before retries").fill("10m");
    await press("Create the endpoint");
    const secret = page.getByRole("region", { name: "Signing secret" });
    expect(await secret.textContent()).toMatch(/^whsec_/);
    await page.getByRole("link", { name: "Go to the endpoint" }).click();
    await page.getByRole("heading", { name: "crm" }).waitFor();
  });

  test("watches live what is published", async () => {
    await go("Live");
    await page
      .getByRole("status")
      .filter({ hasText: /^Live$/ })
      .waitFor();
    await publish("call_completed", "c-1");
    await row(/call_completed failed.* c-1/).waitFor();
    expect(await row(/call_completed/).count()).toBe(1);
  });

  test("finds the call by its id, reads why it failed, and retries it now", async () => {
    await go("Calls");
    await page.getByRole("textbox", { name: "Call ID" }).fill("c-1");
    await page.getByRole("link", { name: "c-1" }).click();
    await page.getByRole("button", { name: /call_completed: Attempt 1, failed/ }).click();
    const body = dialog().getByRole("region", { name: "Response body" });
    expect(await body.textContent()).toContain("loan 4711 is not known");
    expect(await dialog().textContent()).toContain("500");
    journey.endpoints.areDown = false;
    await dialog().getByRole("link", { name: /^evt_/ }).click();
    await row(/^crm retrying/)
      .getByRole("button", { name: "Retry now" })
      .click();
    await press("Send to 1 destination", dialog());
    await row(/^crm delivered/).waitFor();
    await row(/2 · redelivery delivered/).waitFor();
  });

  test("sends in bulk what was given up, and watches it to its end", async () => {
    journey.endpoints.areDown = true;
    for (let n = 0; n < GIVEN_UP; n += 1) await publish("recording_completed", `r-${n}`);
    const isGivenUp = async () => (await journey.platform.deadLetters()).length === GIVEN_UP;
    await expect.poll(isGivenUp, SOON).toBe(true);
    await go("Dead letters");
    await page.getByRole("button", { name: `exhausted ${GIVEN_UP}` }).waitFor();
    journey.endpoints.areDown = false;
    await press("Send many again …");
    await dialog().getByText(`${GIVEN_UP} events match now`).waitFor();
    await dialog().getByLabel("Deliveries a second").fill("3");
    await press("Start the job", dialog());
    const bar = page.getByRole("progressbar");
    const percent = async () => Number(await bar.getAttribute("aria-valuenow"));
    await expect.poll(percent, SOON).toBeGreaterThan(0);
    expect(await percent()).toBeLessThan(100);
    await expect.poll(percent, SOON).toBe(100);
    await page.getByText("done", { exact: true }).waitFor();
  });

  test("rotates a secret, pauses an endpoint and resumes it", async () => {
    await go("Endpoints");
    await page.getByRole("link", { name: "crm" }).click();
    await press("Rotate the secret");
    await press("Rotate", dialog());
    const secret = dialog().getByRole("region", { name: "Signing secret" });
    expect(await secret.textContent()).toMatch(/^whsec_/);
    await press("I have copied it", dialog());
    await press("Pause");
    await press("Pause", dialog());
    await page.getByRole("button", { name: "Resume", exact: true }).waitFor();
    const before = journey.receiver.requests.length;
    await publish("call_completed", "c-held");
    await press("Resume");
    await dialog().getByText("Its events are held since").waitFor();
    expect(journey.receiver.requests.length).toBe(before);
    await press("Resume", dialog());
    await press("Good", dialog());
    await page.getByRole("button", { name: "Pause", exact: true }).waitFor();
    await expect.poll(() => journey.receiver.requests.length, SOON).toBe(before + 1);
  });

  test("makes a portal session, sees it in a frame of another origin, and revokes it while it is open", async () => {
    await go("Portal sessions");
    await press("New session");
    await dialog().getByLabel("Origin of the page").fill(journey.outside);
    await press("Make the session", dialog());
    const address = await dialog().getByRole("region", { name: "Address" }).textContent();
    await press("Close", dialog());
    const product = await page.context().newPage();
    await product.goto(journey.outside);
    await product.evaluate(`document.querySelector("iframe").src = ${JSON.stringify(address)}`);
    const frame = product.frameLocator("iframe");
    await frame.getByRole("link", { name: "Calls" }).click();
    await frame.getByRole("link", { name: "c-1" }).click();
    await frame.getByRole("button", { name: /call_completed: Attempt 2, delivered/ }).waitFor();
    expect(await frame.getByRole("link", { name: "API keys" }).count()).toBe(0);
    const told = () => product.evaluate<{ type: string; origin: string }[]>("window.told");
    const ready = { type: "ringback:ready", origin: new URL(address ?? "").origin };
    expect(await told()).toContainEqual(ready);
    await press("Revoke");
    await press("Revoke", dialog());
    await frame.getByRole("heading", { name: "This session has ended" }).waitFor();
    await expect.poll(told, SOON).toContainEqual({ ...ready, type: "ringback:session_expired" });
    await product.close();
  });

  test("signs out, is told of a wrong key, and signs in by a right one", async () => {
    await press("Sign out");
    await page.getByLabel("API key").fill("rb_nobody");
    await press("Sign in");
    await page.getByRole("alert").getByText("not valid").waitFor();
    await page.getByLabel("API key").fill(journey.platform.apiKeys[0] ?? "");
    await press("Sign in");
    await page.getByRole("heading", { name: "Overview" }).waitFor();
    await go("Calls");
    await page.getByRole("link", { name: "c-1", exact: true }).waitFor();
    expect(new URL(page.url()).pathname).toBe("/console/w/w1/calls");
  });
});

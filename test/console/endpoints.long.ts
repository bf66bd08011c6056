import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../harness/eventually.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { status } from "../harness/receiver/behaviour.ts";
import { findChromium } from "./harness/chromium.ts";
import { startConsole, type ConsoleScene } from "./harness/console-scene.ts";
import { openDialog, pressInDialog } from "./harness/dialog.ts";

failOnLeaks();
const chromium = await findChromium();

describe.skipIf(chromium === undefined)("endpoints in the console", () => {
  let scene: ConsoleScene;

  beforeAll(async () => {
    scene = await startConsole(chromium, {
      script: ({ path }) => status(path.endsWith("/503") ? 503 : 200),
      env: { RETRY_DELAYS: "60s" },
    });
  });
  afterAll(() => scene.stop());

  const create = async (fields: Record<string, unknown>) => {
    const made = await scene.platform.api("POST", "/endpoints", {
      url: scene.receiver.url("/ok"),
      ...fields,
    });
    expect(made.status).toBe(201);
    return made.body as { endpoint_id: string; version: number };
  };

  test("are created with the API's errors at their fields, and the secret is shown once", async () => {
    const page = await scene.signedIn("/endpoints");
    await page.getByRole("link", { name: "Add an endpoint" }).click();
    await page.getByRole("textbox", { name: "URL" }).fill("ftp://crm.example.com");
    await page.getByLabel("Filter", { exact: true }).fill('{"data": {"loan": {"$gt": true}}}');
    await page.getByRole("group", { name: "Event types" }).getByLabel("Only some").check();
    await page.getByLabel("Names or patterns").fill("cal_*");
    await page.getByRole("button", { name: "Create the endpoint" }).click();
    await page.getByText("data.loan.$gt: expected a number or a text, got true").first().waitFor();
    const url = page.getByRole("textbox", { name: "URL" });
    expect(await url.getAttribute("aria-invalid")).toBe("true");
    await url.fill(scene.receiver.url("/ok"));
    await page.getByLabel("Filter", { exact: true }).fill('{"data": {"loan": 9007199254740993}}');
    await page.getByRole("button", { name: "Remove cal_*" }).click();
    await page.getByLabel("Names or patterns").fill("call_*");
    await page.getByRole("textbox", { name: "Your own ID" }).fill("crm");
    await page.getByRole("button", { name: "Add a header" }).click();
    await page.getByLabel("Name 1").fill("Authorization");
    await page.getByLabel("Value 1").fill("Bearer secret-header");
    await page.getByLabel("Delays before retries").fill("10s 5m");
    await page.getByLabel("Attempts at once").fill("4");
    await page.getByRole("button", { name: "Create the endpoint" }).click();
    const secret = await page.getByRole("region", { name: "Signing secret" }).textContent();
    expect(secret).toMatch(/^whsec_/);
    const { body } = await scene.platform.api("GET", "/endpoints/crm");
    expect(body).toMatchObject({
      event_types: ["call_*"],
      headers: { Authorization: "Bearer secret-header" },
      delivery: { retry_delays: ["10s", "5m"], max_in_flight: 4 },
    });
    await page.getByRole("link", { name: "Go to the endpoint" }).click();
    await page.getByRole("heading", { name: "crm" }).waitFor();
    const filter = page.getByRole("region", { name: "Filter" });
    expect(await filter.textContent()).toContain("9007199254740993");
    expect(scene.browser.faults()).toEqual([]);
  });

  test("an edit sends what was changed, and a change by somebody else meanwhile is said", async () => {
    const { endpoint_id: id } = await create({ uid: "edited", headers: { "X-Team": "a" } });
    const page = await scene.signedIn(`/endpoints/${id}/edit`);
    const description = page.getByRole("textbox", { name: "Description" });
    await description.fill("by me");
    await scene.platform.api("PATCH", `/endpoints/${id}`, { description: "by somebody else" });
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("Somebody else has changed it meanwhile").waitFor();
    await page.getByRole("button", { name: "Load it again" }).click();
    await eventually(async () => (await description.inputValue()) === "by somebody else");
    await description.fill("by me");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("by somebody else").first().waitFor();
    const { body } = await scene.platform.api("GET", `/endpoints/${id}`);
    expect(body).toMatchObject({ description: "by me", headers: { "X-Team": "a" } });
    expect(scene.browser.faults()).toEqual([]);
  });

  test("a test event shows the answer; a rotation shows the new secret once", async () => {
    const { endpoint_id: id } = await create({ uid: "tried", url: scene.receiver.url("/503") });
    const page = await scene.signedIn(`/endpoints/${id}`);
    await page.getByRole("button", { name: "Send a test event" }).click();
    await page.getByRole("button", { name: "Send it" }).click();
    await page.getByText("The endpoint did not take it.").waitFor();
    expect(await openDialog(page).textContent()).toContain("503");
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Rotate the secret" }).click();
    await page.getByRole("textbox", { name: "Overlap" }).fill("soon");
    await page.getByRole("button", { name: "Rotate", exact: true }).click();
    await page.locator("[aria-invalid=true]").waitFor();
    await page.getByRole("textbox", { name: "Overlap" }).fill("1h");
    await page.getByRole("button", { name: "Rotate", exact: true }).click();
    expect(await page.getByRole("region", { name: "Signing secret" }).textContent()).toMatch(
      /^whsec_/,
    );
    await page.getByRole("button", { name: "I have copied it" }).click();
    await page.getByText("Signing secret rotated").waitFor();
    expect(scene.browser.faults()).toEqual([]);
  });

  test("is paused, and resumed with the job that brings what was held; disabled, and deleted", async () => {
    const { endpoint_id: id } = await create({ uid: "switched", agents: ["a9"] });
    await create({ uid: "stays", url: scene.receiver.url("/503") });
    const page = await scene.signedIn(`/endpoints/${id}`);
    const press = (name: string) => page.getByRole("button", { name, exact: true }).click();
    const inDialog = (name: string) => pressInDialog(page, name);
    await press("Pause");
    await inDialog("Pause");
    await page.getByRole("button", { name: "Resume" }).waitFor();
    await scene.platform.publish({ callId: "held", agentId: "a9" });
    await press("Resume");
    await inDialog("Resume");
    await openDialog(page).getByRole("link").waitFor();
    await inDialog("Good");
    await eventually(() =>
      scene.receiver.requests.some(({ body }) => body.toString().includes("held")),
    );
    await press("Disable");
    await inDialog("Disable");
    await page.getByRole("button", { name: "Enable" }).waitFor();
    await press("Delete");
    await scene.platform.api("PATCH", `/endpoints/${id}`, { description: "changed meanwhile" });
    await inDialog("Delete it for good");
    await inDialog("Load it again");
    await page.getByText("changed meanwhile").first().waitFor();
    await inDialog("Delete it for good");
    await page.getByRole("heading", { name: "Endpoints" }).waitFor();
    await page.getByRole("link", { name: "stays" }).waitFor();
    expect((await scene.platform.api("GET", `/endpoints/${id}`)).status).toBe(404);
    expect(scene.browser.faults()).toEqual([]);
  });
});

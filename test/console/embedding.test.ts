import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freePorts } from "../harness/free-ports.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { startPlatform, type Platform } from "../harness/process/platform.ts";
import { startReceiver, type Receiver } from "../harness/receiver/receiver.ts";
import { startBrowser, type TestBrowser } from "./harness/browser.ts";
import { findChromium } from "./harness/chromium.ts";

failOnLeaks();
const chromium = await findChromium();
const EXAMPLE = join(import.meta.dirname, "../../docs/examples/portal-embed/host.mjs");

const csp = async (url: string): Promise<string> =>
  (await fetch(url)).headers.get("content-security-policy") ?? "";

type Styled = { readonly style: { getPropertyValue(name: string): string } };

describe.skipIf(chromium === undefined)("the portal in a frame of another origin", () => {
  let platform: Platform;
  let receiver: Receiver;
  let browser: TestBrowser;
  let host: ChildProcess;
  let page: Page;
  let portal: string;
  let outside: string;

  beforeAll(async () => {
    const [api = 0, ofHost = 0] = await freePorts(2);
    portal = `http://127.0.0.1:${api}`;
    outside = `http://localhost:${ofHost}`;
    receiver = await startReceiver();
    platform = await startPlatform({
      env: { HTTP_PORT: String(api), PORTAL_ORIGIN: portal, PORTAL_FRAME_ANCESTORS: outside },
    });
    await platform.subscribe([{ event_type: "call_completed", callback_url: receiver.url("/ok") }]);
    await platform.publish({ callId: "c-1" });
    const env = { ...process.env, API: `${portal}/ca/api/v0`, KEY: platform.apiKeys[0] };
    host = spawn(process.execPath, [EXAMPLE], {
      env: { ...env, AGENTS: "a1", PORT: String(ofHost) },
      stdio: ["ignore", "pipe", "inherit"],
    });
    if (host.stdout !== null) await once(host.stdout, "data");
    browser = await startBrowser(chromium ?? "", [portal, outside]);
    page = await browser.open();
    await page.goto(outside);
  });
  afterAll(async () => {
    host.kill();
    await browser.close();
    await platform.stop();
    await receiver.stop();
  });

  const frame = () => page.frameLocator("#portal");
  const sessions = async (): Promise<{ session_id: string; created_at: string }[]> => {
    const { body } = await platform.api("GET", "/portal-sessions");
    return (body as { portal_sessions: { session_id: string; created_at: string }[] })
      .portal_sessions;
  };

  test("shows its agent's calls, in the colours of the session, and fits the frame", async () => {
    await frame().getByRole("link", { name: "Calls" }).click();
    await frame().getByRole("link", { name: "c-1" }).click();
    await frame()
      .getByRole("button", { name: /Attempt 1, delivered/ })
      .waitFor();
    const accent = await frame()
      .locator("html")
      .evaluate((html) => (html as unknown as Styled).style.getPropertyValue("--accent"));
    expect(accent).toBe("#7a2dd1");
    expect(await page.locator("#portal").getAttribute("style")).toMatch(/height: \d+px/);
    expect(browser.faults()).toEqual([]);
  });

  test("offers nothing that the session may not do, nor what is the console's", async () => {
    const titles = await frame().getByRole("navigation").getByRole("link").allTextContents();
    expect(titles).toContain("Calls");
    expect(titles).not.toContain("API keys");
  });

  test("a session that is revoked ends while its page is open, and the page around it brings a new one", async () => {
    const [first] = await sessions();
    const path = `/portal-sessions/${first?.session_id}`;
    expect((await platform.api("DELETE", path)).status).toBe(204);
    const isNew = async () =>
      (await sessions()).some(({ session_id: id }) => id !== first?.session_id);
    await expect.poll(isNew, { timeout: 30_000 }).toBe(true);
    await frame().getByRole("link", { name: "Calls" }).waitFor();
  });

  test("no other origin may frame it, and nobody frames the console", async () => {
    expect(await csp(`${portal}/`)).toContain(`frame-ancestors ${outside};`);
    const elsewhere = portal.replace("127.0.0.1", "localhost");
    expect(await csp(`${elsewhere}/console/`)).toContain("frame-ancestors 'none'");
    expect((await fetch(`${portal}/console/`)).status).toBe(404);
  });
});

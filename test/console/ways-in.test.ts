import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writeApiKeysFile } from "../harness/api-keys.ts";
import { startNatsServer, type NatsServer } from "../harness/nats/nats-server.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { startOn, type StartedService } from "../harness/process/start-service.ts";
import { startBrowser, type TestBrowser } from "./harness/browser.ts";
import { findChromium } from "./harness/chromium.ts";
import { startProxy, type Proxy } from "./harness/proxy.ts";

failOnLeaks();
const chromium = await findChromium();

const PAGE_FOR_PEOPLE = { type: "text/html", body: "<h1>We will be back soon</h1>" };

describe.skipIf(chromium === undefined)("ways into the console that fail at first", () => {
  let server: NatsServer;
  let started: StartedService;
  let proxy: Proxy;
  let browser: TestBrowser;
  let page: Page;
  let key: string;
  let operatorKey: string;

  beforeAll(async () => {
    server = await startNatsServer();
    const keysFile = await writeApiKeysFile([
      { workspaceId: "acme", scopes: ["admin"] },
      { workspaceId: "*", scopes: ["admin"] },
    ]);
    [key = "", operatorKey = ""] = keysFile.keys;
    started = await startOn(server, { keysFile, env: { ALLOW_INSECURE_HTTP: "true" } });
    proxy = await startProxy(Number(new URL(started.service.httpUrl("")).port));
    browser = await startBrowser(chromium ?? "", [proxy.origin]);
    page = await browser.open();
    await started.admin.raw("/agent/v1", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ agent_id: "agent-of-acme", agent_display_name: "agent-of-acme" }),
    });
  });
  afterAll(async () => {
    await browser.close();
    await proxy.stop();
    await started.service.stop();
    await server.stop();
  });

  /** Opens a path in a new document: an address that differs in its fragment alone would load none. */
  const open = async (path: string, withKey: string) => {
    await page.goto("about:blank");
    await page.goto(`${proxy.origin}/console${path}#key=${withKey}`);
  };
  const signOut = () => page.getByRole("button", { name: "Sign out" });

  test("a key with a character that no header can hold is refused, and another one can be typed", async () => {
    await open("/", encodeURIComponent("rb_…"));
    await page.getByText("Your key or session is not valid").waitFor();
    await page.getByLabel("API key").fill(key);
    await page.getByRole("button", { name: "Sign in" }).click();
    await signOut().waitFor();
    expect(browser.faults()).toEqual([]);
  });

  test.each(["other", "b%C3%BCro", "two%20words"])(
    "an address of the workspace %s, which is not the key's, says so and leads to the key's own",
    async (workspace) => {
      await open(`/w/${workspace}/agents`, key);
      await page.getByText("X-Workspace-Id").waitFor();
      await page.getByRole("link", { name: "Go to your workspace" }).click();
      await signOut().waitFor();
      expect(new URL(page.url()).pathname).toBe("/console/w/acme/overview");
      expect(browser.faults()).toEqual([]);
    },
  );

  test.each([200, 503])(
    "a proxy that responds %d with a page for people is no API: it says so, and goes on by itself",
    async (status) => {
      proxy.says = { path: "/me", response: { status, ...PAGE_FOR_PEOPLE } };
      await open("/w/acme/agents", key);
      await page.getByText("What you see may be old").waitFor();
      proxy.says = undefined;
      await page.getByRole("link", { name: "agent-of-acme" }).first().waitFor();
      await page.getByText("What you see may be old").waitFor({ state: "detached" });
      expect(browser.faults()).toEqual([]);
    },
  );

  test("who is asked to wait stays signed in", async () => {
    const body = JSON.stringify({
      status: 429,
      code: "rate_limited",
      title: "Slow",
      detail: "Wait.",
    });
    const response = { status: 429, type: "application/problem+json", body };
    proxy.says = { path: "/me", response };
    await open("/w/acme/agents", key);
    await page.getByRole("button", { name: "Try again" }).waitFor();
    proxy.says = undefined;
    await page.getByRole("button", { name: "Try again" }).click();
    await signOut().waitFor();
    expect(new URL(page.url()).pathname).toBe("/console/w/acme/agents");
  });

  test("another workspace begins with nothing of the one before", async () => {
    await open("/", operatorKey);
    const choose = async (workspace: string) => {
      await page.getByLabel("Workspace ID").fill(workspace);
      await page.getByRole("button", { name: "Open" }).click();
      await page.getByRole("link", { name: "Agents" }).click();
      await page.getByRole("heading", { name: "Agents" }).waitFor();
    };
    await choose("acme");
    await page.getByRole("link", { name: "agent-of-acme" }).first().waitFor();
    await page.goBack();
    await page.goBack();
    proxy.says = { path: "/assistant", response: "silent" };
    await choose("other");
    expect(await page.getByRole("link", { name: "agent-of-acme" }).count()).toBe(0);
    proxy.says = undefined;
    expect(browser.faults()).toEqual([]);
  });
});

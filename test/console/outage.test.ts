import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freePorts } from "../harness/free-ports.ts";
import { startNatsServer, type NatsServer } from "../harness/nats/nats-server.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { startOn, type StartedService } from "../harness/process/start-service.ts";
import { startBrowser, type TestBrowser } from "./harness/browser.ts";
import { findChromium } from "./harness/chromium.ts";

failOnLeaks();
const chromium = await findChromium();

describe.skipIf(chromium === undefined)("the API stops under an open page", () => {
  let server: NatsServer;
  let started: StartedService;
  let browser: TestBrowser;
  let env: Record<string, string>;

  beforeAll(async () => {
    const [port = 0] = await freePorts(1);
    env = { HTTP_PORT: String(port), ALLOW_INSECURE_HTTP: "true" };
    server = await startNatsServer();
    started = await startOn(server, { env });
    browser = await startBrowser(chromium ?? "", [`http://127.0.0.1:${port}`]);
  });
  afterAll(async () => {
    await browser.close();
    await started.service.stop();
    await server.stop();
  });

  const register = (id: string) =>
    started.admin.raw("/agent/v1", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ agent_id: id, agent_display_name: id }),
    });

  test("it says so, keeps what it shows, and goes on by itself once the API is back", async () => {
    await register("first-agent");
    const page = await browser.open();
    const origin = new URL(started.service.httpUrl("")).origin;
    await page.goto(`${origin}/console/w/acme/agents#key=${started.keysFile.keys[0]}`);
    await page.getByRole("link", { name: "first-agent" }).first().waitFor();
    await started.service.kill();
    await page.getByText("The API cannot be reached.").first().waitFor();
    expect(await page.getByRole("link", { name: "first-agent" }).count()).toBeGreaterThan(0);
    started = await startOn(server, { env, keysFile: started.keysFile });
    await register("second-agent");
    await page.getByRole("link", { name: "second-agent" }).first().waitFor();
    await expect
      .poll(() => page.getByText("The API cannot be reached. What you see").count(), {
        timeout: 30_000,
      })
      .toBe(0);
    expect(browser.faults().filter((fault) => !fault.includes("ERR_"))).toEqual([]);
  });
});

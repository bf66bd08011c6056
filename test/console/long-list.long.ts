import { eventSubject } from "@ringback/contracts/streams/subjects";
import { parseSettings } from "@ringback/runtime/settings/parse-settings";
import { commonSettings } from "@ringback/runtime/settings/settings";
import { wantedStreams } from "@ringback/runtime/streams/stream-config";
import { ensureStreams } from "@ringback/runtime/streams/streams";
import { createLogger } from "@ringback/runtime/telemetry/logger";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../harness/eventually.ts";
import { connectTo, type NatsClient } from "../harness/nats/nats-client.ts";
import { startNatsServer, type NatsServer } from "../harness/nats/nats-server.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { startServices, type Services } from "../harness/process/platform.ts";
import { addressOf, storeHistory } from "../lists/stored-history.ts";
import { startBrowser, type TestBrowser } from "./harness/browser.ts";
import { findChromium } from "./harness/chromium.ts";

failOnLeaks();
const chromium = await findChromium();

/** Nine of ten are the workspace's. */
const STORED = 112_000;
const AT_LEAST = 100_000;

const LIST = "document.querySelector('[role=region][aria-label=Events]')";

/** Several times what a busy machine takes: it says that something ends. */
const WHOLE_LIST_MS = 480_000;
const INDEXED_MS = 180_000;
const SOON = { timeout: 40_000 };

describe.skipIf(chromium === undefined)("a list of 100,000 events in the console", () => {
  let server: NatsServer;
  let client: NatsClient;
  let services: Services;
  let browser: TestBrowser;
  let page: Page;

  beforeAll(async () => {
    server = await startNatsServer();
    client = await connectTo(server);
    const log = createLogger("test", "fatal");
    const signal = new AbortController().signal;
    const wanted = wantedStreams(parseSettings(commonSettings, {}));
    const created = await ensureStreams(client.jsm, wanted, { log, signal });
    await storeHistory(client.js, created, { events: STORED, attempts: STORED });
    services = await startServices(server, { dispatchers: 0 });
    const origin = new URL(services.subscriptions.httpUrl("")).origin;
    browser = await startBrowser(chromium ?? "", [origin]);
    page = await browser.open();
    await eventually(
      async () => {
        const { body } = await services.api("GET", "/events?limit=1");
        return (body as { projection_lag: number }).projection_lag === 0;
      },
      { timeoutMs: INDEXED_MS, what: "the index has everything" },
    );
    await page.goto(`${origin}/console/w/w1/events#key=${services.apiKeys[0]}`);
    await page.getByRole("region", { name: "Events" }).waitFor();
  }, 600_000);
  afterAll(async () => {
    await browser.close();
    await services.stop();
    await client.close();
    await server.stop();
  });

  const shown = async (): Promise<number> =>
    Number(
      (await page.getByText(/[\d,]+ shown/).textContent())
        ?.match(/[\d,]+/)?.[0]
        .replaceAll(",", ""),
    );
  const scrollTo = (top: string) => page.evaluate(`${LIST}.scrollTo(0, ${top})`);
  /** Where the first row that is wholly in sight leads to; undefined while there is none. */
  const rowAtTop = () =>
    page.evaluate(`{
      const head = ${LIST}.querySelector("thead").getBoundingClientRect().bottom;
      const rows = [...${LIST}.querySelectorAll("tbody tr[aria-rowindex]")];
      rows.find((row) => row.getBoundingClientRect().top >= head - 1)?.querySelector("a").href;
    }`);

  test(
    "is scrolled through to its end, in bounded time and memory",
    { timeout: 600_000 },
    async () => {
      const begunMs = performance.now();
      await page.evaluate(`(async () => {
        while (!document.body.textContent.includes("that is all")) {
          ${LIST}.scrollTo(0, ${LIST}.scrollHeight);
          await new Promise(requestAnimationFrame);
        }
      })()`);
      expect(performance.now() - begunMs).toBeLessThan(WHOLE_LIST_MS);
      expect(await shown()).toBeGreaterThan(AT_LEAST);
      await scrollTo(`${LIST}.scrollHeight`);
      const last = page.getByRole("row").last();
      await expect
        .poll(() => last.getAttribute("aria-rowindex"), SOON)
        .toBe(String((await shown()) + 1));
      expect(await page.getByRole("row").count()).toBeLessThan(100);
      const heap = (await page.evaluate("performance.memory.usedJSHeapSize")) as number;
      expect(heap).toBeLessThan(400 * 2 ** 20);
      expect(browser.faults()).toEqual([]);
    },
  );

  test(
    "keeps the row at the top in its place while new ones come above it",
    { timeout: 120_000 },
    async () => {
      await scrollTo("41 * 50_000");
      await expect.poll(rowAtTop, SOON).toEqual(expect.stringContaining("/events/"));
      const before = await rowAtTop();
      const count = await shown();
      for (let n = 0; n < 5; n += 1) {
        await client.js.publish(eventSubject({ ...addressOf(0), callId: `new-${n}` }), "{}");
      }
      await expect.poll(shown, SOON).toBe(count + 5);
      expect(await rowAtTop()).toBe(before);
    },
  );

  test("is where it was when somebody comes back to it", { timeout: 120_000 }, async () => {
    const before = await rowAtTop();
    const noted = () => page.evaluate("history.state?.['top of Events']");
    const top = await page.evaluate(`${LIST}.scrollTop`);
    await expect.poll(noted, SOON).toBe(top);
    await page.getByRole("link", { name: "Calls" }).click();
    await page.getByRole("heading", { name: "Calls" }).waitFor();
    await page.goBack();
    await expect.poll(rowAtTop, SOON).toBe(before);
    expect(browser.faults()).toEqual([]);
  });
});

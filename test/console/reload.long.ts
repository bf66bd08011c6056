import { once } from "node:events";
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freePorts } from "../harness/free-ports.ts";
import { spawnTracked, type TrackedChild } from "../harness/process/child-process.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { startPlatform, type Platform } from "../harness/process/platform.ts";
import { startBrowser, type TestBrowser } from "./harness/browser.ts";
import { findChromium } from "./harness/chromium.ts";

failOnLeaks();
const chromium = await findChromium();
const ROOT = join(import.meta.dirname, "../..");

/** What somebody adds who follows "A column" of CONTRIBUTING.md. */
const COLUMN = '{ title: "Letters", cell: ({ agent_id: id }) => id.length, only: "medium" },';

const isOwn = (path: string): boolean => !/\/console\/(dist|node_modules)/.test(path);

describe.skipIf(chromium === undefined)("make console", () => {
  let platform: Platform;
  let browser: TestBrowser;
  let vite: TrackedChild;
  let page: Page;
  let origin: string;
  // Within the clone, so that it finds the packages.
  const scratch = join(ROOT, `.run/newcomer-${process.pid}`);
  const copy = join(scratch, "console");

  beforeAll(async () => {
    await mkdir(scratch, { recursive: true });
    await cp(join(ROOT, "console"), copy, { recursive: true, filter: isOwn });
    await cp(join(ROOT, "tsconfig.json"), join(scratch, "tsconfig.json"));
    const [port = 0] = await freePorts(1);
    origin = `http://localhost:${port}`;
    platform = await startPlatform({ dispatchers: 0 });
    await platform.subscribe([
      { event_type: "call_completed", callback_url: "http://127.0.0.1:9/" },
    ]);
    const program = join(ROOT, "node_modules/vite/bin/vite.js");
    vite = await spawnTracked(process.execPath, [program, "--port", String(port), "--strictPort"], {
      cwd: copy,
      env: { ...process.env, API: new URL(platform.subscriptions.httpUrl("")).origin },
      stdio: ["ignore", "pipe", "inherit"],
    });
    if (vite.child.stdout !== null) await once(vite.child.stdout, "data");
    browser = await startBrowser(chromium ?? "", [origin]);
    page = await browser.open();
  });
  afterAll(async () => {
    await browser.close();
    await vite.kill("SIGTERM");
    await platform.stop();
    await rm(scratch, { recursive: true, force: true });
  });

  test("shows a column a moment after it was added, by the recipe, to a page's file", async () => {
    await page.goto(`${origin}/console/w/w1/agents#key=${platform.apiKeys[0]}`);
    await page.getByRole("link", { name: "a1" }).waitFor();
    expect(await page.getByRole("columnheader", { name: "Letters" }).count()).toBe(0);
    const file = join(copy, "src/pages/agents/agents-page.tsx");
    const text = await readFile(file, "utf8");
    const columns = "const COLUMNS: readonly Column<AgentRow>[] = [";
    expect(text).toContain(columns);
    await writeFile(file, text.replace(columns, `${columns}\n  ${COLUMN}`));
    await page.getByRole("columnheader", { name: "Letters" }).waitFor();
    await page.getByRole("row", { name: /^2 a1 a1/ }).waitFor();
    expect(browser.faults()).toEqual([]);
  });

  test("signs in there as the service does, by a key", async () => {
    const other = await browser.open();
    await other.goto(`${origin}/console/`);
    await other.getByLabel("API key").fill(platform.apiKeys[0] ?? "");
    await other.getByRole("button", { name: "Sign in" }).click();
    await other.getByRole("heading", { name: "Overview" }).waitFor();
    expect(browser.faults()).toEqual([]);
  });
});

import { chromium, type Browser, type BrowserContext, type Page } from "playwright-core";
import { makeTempDir } from "../../harness/temp-dir.ts";

/** What Chromium must not do on its own: ask other hosts. */
const QUIET = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

const PATIENCE_MS = 40_000;

/** A browser, and everything that its pages did wrong. */
export type TestBrowser = {
  /** A page of a browser without any storage; `size` in CSS pixels. */
  readonly open: (options?: {
    readonly size?: { readonly width: number; readonly height: number };
    readonly dark?: boolean;
  }) => Promise<Page>;
  /** Errors, violations of the security policy, and requests to other origins, of all pages since the last call. */
  readonly faults: () => readonly string[];
  readonly close: () => Promise<void>;
};

/** Starts Chromium. `origins`: those that pages may ask; whatever else they ask is a fault. */
export const startBrowser = async (
  executablePath: string,
  origins: readonly string[],
): Promise<TestBrowser> => {
  const browser: Browser = await chromium.launch({
    executablePath,
    args: QUIET,
    env: { ...process.env, HOME: await makeTempDir("chromium-") },
  });
  let faults: string[] = [];
  const contexts: BrowserContext[] = [];
  const watch = (page: Page) => {
    page.on("pageerror", (error) => faults.push(`error: ${error.message}`));
    page.on("console", (message) => {
      const isOfNetwork = message.text().startsWith("Failed to load resource");
      if (message.type() === "error" && !isOfNetwork) faults.push(`console: ${message.text()}`);
    });
    page.on("request", (request) => {
      const { origin, protocol } = new URL(request.url());
      const isOwn = origins.includes(origin) || protocol === "data:" || protocol === "blob:";
      if (!isOwn) faults.push(`asked ${request.url()}`);
    });
  };
  return {
    open: async ({ size, dark = false } = {}) => {
      const context = await browser.newContext({
        viewport: size ?? { width: 1280, height: 800 },
        colorScheme: dark ? "dark" : "light",
        locale: "en-GB",
        timezoneId: "Asia/Kolkata",
      });
      contexts.push(context);
      context.setDefaultTimeout(PATIENCE_MS);
      context.on("page", watch);
      return context.newPage();
    },
    faults: () => {
      const found = faults;
      faults = [];
      return found;
    },
    close: () => browser.close(),
  };
};

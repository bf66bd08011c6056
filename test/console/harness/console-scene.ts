import type { Page } from "playwright-core";
import { startPlatform, type Platform } from "../../harness/process/platform.ts";
import type { Script } from "../../harness/receiver/behaviour.ts";
import { startReceiver, type Receiver } from "../../harness/receiver/receiver.ts";
import { startBrowser, type TestBrowser } from "./browser.ts";

/** The services, an endpoint of a customer, and a browser in front of the console. */
export type ConsoleScene = {
  readonly platform: Platform;
  readonly receiver: Receiver;
  readonly browser: TestBrowser;
  /** Of the console and the API. */
  readonly origin: string;
  /** The address of a page of the workspace `w1` that signs in, with its key unless another is given. */
  readonly signingIn: (path: string, key?: string) => string;
  /** Such a page, in a browser without any storage. */
  readonly signedIn: (path: string, key?: string) => Promise<Page>;
  readonly stop: () => Promise<void>;
};

export type ConsoleSceneOptions = {
  /** How the customer's endpoint behaves; 200 unless told otherwise. */
  readonly script?: Script;
  readonly env?: Readonly<Record<string, string>>;
};

export const startConsole = async (
  chromium: string | undefined,
  { script, env = {} }: ConsoleSceneOptions = {},
): Promise<ConsoleScene> => {
  const [platform, receiver] = await Promise.all([startPlatform({ env }), startReceiver(script)]);
  const { origin } = new URL(platform.subscriptions.httpUrl(""));
  const browser = await startBrowser(chromium ?? "", [origin]);
  const signingIn = (path: string, key = platform.apiKeys[0] ?? ""): string =>
    `${origin}/console/w/w1${path}#key=${key}`;
  return {
    platform,
    receiver,
    browser,
    origin,
    signingIn,
    signedIn: async (path, key) => {
      const page = await browser.open();
      await page.goto(signingIn(path, key));
      return page;
    },
    stop: async () => {
      await browser.close();
      await Promise.all([platform.stop(), receiver.stop()]);
    },
  };
};

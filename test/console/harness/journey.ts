import { freePorts } from "../../harness/free-ports.ts";
import { startPlatform, type Platform } from "../../harness/process/platform.ts";
import { status } from "../../harness/receiver/behaviour.ts";
import { startReceiver, type Receiver } from "../../harness/receiver/receiver.ts";
import { startOidcServer } from "../../sign-in/oidc-server.ts";
import { startBrowser, type TestBrowser } from "./browser.ts";
import { serveHostPage } from "./host-page.ts";

const CLIENT = { clientId: "ringback", clientSecret: "a-secret-of-the-client" };

/** What a person needs to go through the whole console: a platform, an identity provider, endpoints, a product around the portal. */
export type Journey = {
  readonly platform: Platform;
  readonly receiver: Receiver;
  readonly browser: TestBrowser;
  /** Where the console is. */
  readonly origin: string;
  /** The product whose page frames the portal. */
  readonly outside: string;
  /** While they are down they respond 500, and say why. */
  readonly endpoints: { areDown: boolean };
  readonly stop: () => Promise<void>;
};

export const startJourney = async (chromium: string): Promise<Journey> => {
  const [port = 0, ofHost = 0] = await freePorts(2);
  const origin = `http://127.0.0.1:${port}`;
  const outside = `http://127.0.0.1:${ofHost}`;
  const portal = `http://localhost:${port}`;
  const redirectUri = `${origin}/console/callback`;
  const oidc = await startOidcServer({ ...CLIENT, redirectUri, asks: true });
  oidc.accounts.set("ann", { email: "ann@example.com", name: "Ann Lee", groups: ["desk"] });
  const endpoints = { areDown: true };
  const receiver = await startReceiver(() =>
    endpoints.areDown ? status(500, { body: "loan 4711 is not known" }) : status(200),
  );
  const platform = await startPlatform({
    env: {
      HTTP_PORT: String(port),
      PUBLIC_ORIGIN: origin,
      PORTAL_ORIGIN: portal,
      PORTAL_FRAME_ANCESTORS: outside,
      OIDC_ISSUER: oidc.issuer,
      OIDC_CLIENT_ID: CLIENT.clientId,
      OIDC_CLIENT_SECRET: CLIENT.clientSecret,
      OIDC_ROLES: "desk=w1:admin",
      RETRY_JITTER: "0",
    },
  });
  const host = await serveHostPage(ofHost);
  const browser = await startBrowser(chromium, [origin, portal, outside, oidc.issuer]);
  return {
    platform,
    receiver,
    browser,
    origin,
    outside,
    endpoints,
    stop: async () => {
      await browser.close();
      await platform.stop();
      await Promise.all([host.stop(), oidc.stop(), receiver.stop()]);
    },
  };
};

import { type ApiClient, apiClient } from "../harness/api-client.ts";
import { writeApiKeysFile } from "../harness/api-keys.ts";
import { eventually } from "../harness/eventually.ts";
import { freePorts } from "../harness/free-ports.ts";
import { type NatsServer, startNatsServer } from "../harness/nats/nats-server.ts";
import { type StartedService, startOn } from "../harness/process/start-service.ts";
import { Browser, type Visited } from "./browser.ts";
import { type OidcServer, startOidcServer } from "./oidc-server.ts";

const CLIENT = { clientId: "ringback", clientSecret: "a-secret-of-the-client" };
const ROLES = "ops=*:admin;acme-admins=acme:admin;acme-readers=acme:read;beta=beta:read";

/** Where the portal is: a host of its own. */
export const PORTAL_HOST = "portal.localhost:9999";

/** Two instances, a provider, and a browser that is new for each test. */
export interface SignInScene {
  readonly server: NatsServer;
  /** Its address is where people reach the console. */
  readonly started: StartedService;
  readonly second: StartedService;
  readonly oidc: OidcServer;
  readonly origin: string;
  browser: Browser;
  readonly stop: () => Promise<void>;
}

export async function startSignInScene(): Promise<SignInScene> {
  const [port = 0] = await freePorts(1);
  const origin = `http://127.0.0.1:${port}`;
  const oidc = await startOidcServer({ ...CLIENT, redirectUri: `${origin}/console/callback` });
  const server = await startNatsServer();
  const keysFile = await writeApiKeysFile([
    { workspaceId: "acme", scopes: ["admin"] },
    { workspaceId: "acme", scopes: ["write"] },
    { workspaceId: "acme", scopes: ["read"] },
    { workspaceId: "beta", scopes: ["admin"] },
  ]);
  const env = {
    PUBLIC_ORIGIN: origin,
    PORTAL_ORIGIN: `http://${PORTAL_HOST}`,
    OIDC_ISSUER: oidc.issuer,
    OIDC_CLIENT_ID: CLIENT.clientId,
    OIDC_CLIENT_SECRET: CLIENT.clientSecret,
    OIDC_ROLES: ROLES,
  };
  const started = await startOn(server, { keysFile, env: { ...env, HTTP_PORT: String(port) } });
  const second = await startOn(server, { keysFile, env });
  return {
    server,
    started,
    second,
    oidc,
    origin,
    browser: new Browser(),
    stop: async () => {
      await Promise.all([started.service.stop(), second.service.stop()]);
      await server.stop();
      await oidc.stop();
    },
  };
}

/** A new browser, and the people that the provider knows. */
export function begin(scene: SignInScene): void {
  scene.browser = new Browser();
  const { accounts } = scene.oidc;
  const groups = ["acme-admins", "beta"];
  accounts.set("u-ann", { email: "ann@example.com", name: "Ann Lee", groups });
  accounts.set("u-olga", { email: "olga@example.com", groups: ["ops"] });
  accounts.set("u-nobody", { email: "no@example.com", groups: ["others"] });
  accounts.set("u-lost", { email: "lost@example.com" });
  scene.oidc.login = "u-ann";
}

export const isConsole = ({ pathname }: URL): boolean => pathname === "/console/";

export function signIn({ oidc, browser, origin }: SignInScene, who: string): Promise<Visited> {
  oidc.login = who;
  return browser.open(`${origin}/console/sign-in`, isConsole);
}

export const tokenIn = ({ url }: Pick<Visited, "url">): string =>
  new URLSearchParams(url.hash.slice(1)).get("session") ?? "";

/** The API as somebody who signed in sees it. */
export const as = (visited: Pick<Visited, "url">, at: StartedService): ApiClient =>
  apiClient(at.service, tokenIn(visited));

const isCallback = ({ pathname }: URL): boolean => pathname === "/console/callback";

/** Goes up to where the provider sends the browser back, and no further. */
export async function upToCallback({ browser, origin }: SignInScene): Promise<URL> {
  return (await browser.open(`${origin}/console/sign-in`, isCallback)).url;
}

/** The entries about sign-ins, once there are some. */
export const auditOf = (api: ApiClient, query: string, headers = {}): Promise<unknown[]> =>
  eventually(async () => {
    const { body } = await api.raw(`/audit?kind=sign_in&${query}`, { headers });
    const entries = (body?.["entries"] ?? []) as unknown[];
    if (entries.length === 0) throw new Error("there is no such entry yet");
    return entries;
  });

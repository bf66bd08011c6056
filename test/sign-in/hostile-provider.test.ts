import { Buffer } from "node:buffer";
import type { ServerResponse } from "node:http";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { eventually } from "../harness/eventually.ts";
import { freePorts } from "../harness/free-ports.ts";
import { type NatsServer, startNatsServer } from "../harness/nats/nats-server.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";
import { type StartedService, startOn } from "../harness/process/start-service.ts";
import { Browser, type Visited } from "./browser.ts";
import {
  type HostileProvider,
  startHostileProvider,
  type TokenFaults,
} from "./hostile-provider.ts";
import { startOidcServer } from "./oidc-server.ts";

failOnLeaks();

const CLIENT = { clientId: "ringback", clientSecret: "a-secret-of-the-client" };

let server: NatsServer;
let started: StartedService;
let provider: HostileProvider;
let origin: string;

const envOf = (issuer: string, port: number) => ({
  HTTP_PORT: String(port),
  PUBLIC_ORIGIN: `http://127.0.0.1:${port}`,
  OIDC_ISSUER: issuer,
  OIDC_CLIENT_ID: CLIENT.clientId,
  OIDC_CLIENT_SECRET: CLIENT.clientSecret,
  OIDC_ROLES: "acme-admins=acme:admin",
});

beforeAll(async () => {
  const [port = 0] = await freePorts(1);
  origin = `http://127.0.0.1:${port}`;
  provider = await startHostileProvider(CLIENT);
  server = await startNatsServer();
  started = await startOn(server, { env: envOf(provider.issuer, port) });
});
afterAll(async () => {
  await started.service.stop();
  await server.stop();
  await provider.stop();
});
beforeEach(() => {
  provider.faults = {};
  provider.onToken = undefined;
  provider.onDiscovery = undefined;
});

const signIn = (at = origin): Promise<Visited> =>
  new Browser().open(`${at}/console/sign-in`, ({ pathname }) => pathname === "/console/");

const isSignedIn = ({ url }: Visited): boolean => url.hash.startsWith("#session=rbs_");

const now = (): number => Math.floor(Date.now() / 1_000);

test("a provider that does all right signs in, so that the faults below are what is refused", async () => {
  expect(isSignedIn(await signIn())).toBe(true);
});

describe("an ID token is refused with", () => {
  const faulty: readonly (readonly [string, () => TokenFaults])[] = [
    ["another audience", () => ({ claims: { aud: "another-client" } })],
    ["an audience among others and no party", () => ({ claims: { aud: ["ringback", "another"] } })],
    ["another party", () => ({ claims: { aud: ["ringback", "b"], azp: "b" } })],
    ["another issuer", () => ({ claims: { iss: "https://evil.example.com" } })],
    ["another nonce", () => ({ claims: { nonce: "of-another-sign-in" } })],
    ["no nonce", () => ({ claims: { nonce: undefined } })],
    ["its end an hour ago", () => ({ claims: { iat: now() - 7_200, exp: now() - 3_600 } })],
    ["no end", () => ({ claims: { exp: undefined } })],
    ["no subject", () => ({ claims: { sub: undefined } })],
    ["a subject that is no text", () => ({ claims: { sub: { admin: true } } })],
    ["a signature of another key", () => ({ signedBy: "other" })],
    ["no signature", () => ({ signedBy: "none" })],
    ["a signature by the client's secret", () => ({ signedBy: "secret" })],
    ["the id of a key that there is not", () => ({ header: { kid: "k2" } })],
  ];
  test.each(faulty)("%s", async (_what, faults) => {
    provider.faults = faults();
    const visited = await signIn();
    expect(isSignedIn(visited)).toBe(false);
    expect([400, 403]).toContain(visited.status);
    expect(visited.text).not.toMatch(/evil|another|\.ts:\d/);
  });
});

test.each([20, -20])("a clock that differs by %i s refuses nobody", async (seconds) => {
  provider.faults = { claims: { iat: now() + seconds, exp: now() + 25 + seconds } };
  expect(isSignedIn(await signIn())).toBe(true);
});

test.each<[string, number, (response: ServerResponse) => void]>([
  ["no JSON", 400, (response) => response.end("<html>")],
  [
    "an error",
    400,
    (response) => {
      response.writeHead(400, { "content-type": "application/json" });
      response.end('{"error": "invalid_grant"}');
    },
  ],
  ["a fault of its own", 503, (response) => response.writeHead(500).end("no")],
  [
    "a redirect",
    400,
    (response) => response.writeHead(307, { location: "http://127.0.0.1:1/" }).end(),
  ],
  ["a closed connection", 503, (response) => response.destroy()],
  [
    "more than anybody reads",
    400,
    (response) => {
      response.writeHead(200, { "content-type": "application/json" });
      response.end(Buffer.alloc(5 * 1024 * 1024, "x"));
    },
  ],
])(
  "a provider that answers the exchange with %s gives a clear page: %i",
  async (_what, status, onToken) => {
    provider.onToken = onToken;
    const visited = await signIn();
    expect([visited.status, visited.headers.get("content-type")]).toEqual([
      status,
      "text/html; charset=utf-8",
    ]);
  },
);

test("a provider that never answers is waited for some seconds, while the API goes on", async () => {
  provider.onToken = () => undefined;
  const began = performance.now();
  const visiting = signIn();
  const others = await fetch(`${origin}/console/sign-in-options`);
  expect([200, 503]).toContain(others.status); // at once: 503 is of a machine with too much to do
  expect((await visiting).status).toBe(503);
  expect(performance.now() - began).toBeLessThan(15_000);
});

test("a provider that is away when the service starts is found once it is there", async () => {
  const [port = 0, providerPort = 0] = await freePorts(2);
  const at = `http://127.0.0.1:${port}`;
  const issuer = `http://127.0.0.1:${providerPort}`;
  const late = await startOn(server, { env: envOf(issuer, port) });
  const away = await signIn(at);
  expect([away.status, away.headers.get("retry-after")]).toEqual([503, "5"]);
  expect(away.text).toContain("does not answer");
  const redirectUri = `${at}/console/callback`;
  const oidc = await startOidcServer({
    ...CLIENT,
    redirectUri,
    port: providerPort,
    claimsInToken: true,
  });
  oidc.login = "u-ann";
  oidc.accounts.set("u-ann", { email: "ann@example.com", groups: ["acme-admins"] });
  await eventually(async () => {
    expect(isSignedIn(await signIn(at))).toBe(true);
  });
  await late.service.stop();
  await oidc.stop();
});

test("while NATS is away nobody is signed in, and a page says that it is for a moment", async () => {
  await server.stop();
  const visited = await signIn();
  expect(visited.status).toBe(503);
  expect(visited.text).not.toMatch(/nats/i);
});

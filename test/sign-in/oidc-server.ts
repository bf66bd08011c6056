import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { Provider, type ClientMetadata, type Configuration } from "oidc-provider";

/** What the provider knows of a person, by the name that they sign in with. */
type Account = Readonly<Record<string, unknown>>;

export interface OidcServer {
  readonly issuer: string;
  /** Who signs in next, without being asked; undefined: nobody, and the provider says that it was denied. */
  login: string | undefined;
  readonly accounts: Map<string, Account>;
  readonly stop: () => Promise<void>;
}

interface OidcServerOptions {
  readonly redirectUri: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Claims stand in the ID token; else in the user info alone. */
  readonly claimsInToken?: boolean;
  readonly port?: number;
  /** Asks who signs in, by a form, as providers do; without it `login` is signed in without being asked. */
  readonly asks?: boolean;
}

/** What a person sees of the provider. */
const FORM = `<!doctype html><html lang="en"><title>Your organisation</title>
<main><h1>Your organisation</h1><form method="post">
<label>Name <input name="login"></label> <button>Sign in</button></form></main></html>`;

/** Who was typed into the form; undefined while it is only asked for. */
const typedLogin = async (request: IncomingMessage): Promise<string | undefined> => {
  if (request.method !== "POST") return undefined;
  return new URLSearchParams(await text(request)).get("login") ?? "";
};

const configurationOf = (server: OidcServer, options: OidcServerOptions): Configuration => {
  const client: ClientMetadata = {
    client_id: options.clientId,
    client_secret: options.clientSecret,
    redirect_uris: [options.redirectUri],
    response_types: ["code"],
    grant_types: ["authorization_code"],
  };
  return {
    clients: [client],
    pkce: { required: () => true },
    claims: {
      openid: ["sub"],
      email: ["email", "email_verified"],
      profile: ["name", "groups"],
    },
    conformIdTokenClaims: options.claimsInToken !== true,
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_context, { uid }) => `/interaction/${uid}` },
    findAccount: (_context, id) => ({
      accountId: id,
      claims: async () => ({ ...server.accounts.get(id), sub: id }),
    }),
    // What a person would agree to in a form.
    loadExistingGrant: async ({ oidc }) => {
      const grant = new oidc.provider.Grant({
        clientId: options.clientId,
        accountId: oidc.session?.accountId ?? "",
      });
      grant.addOIDCScope("openid email profile");
      await grant.save();
      return grant;
    },
    ttl: { Interaction: 600, Grant: 600, Session: 600, AccessToken: 600, IdToken: 600 },
    cookies: { keys: ["not a secret in a test"] },
    renderError: async (context, { error }) => {
      context.body = error;
    },
  };
};

/** A real OpenID Connect provider, which asks for a name at the most, and for no password. */
export async function startOidcServer(options: OidcServerOptions): Promise<OidcServer> {
  const http = createServer();
  await new Promise<void>((ready) => http.listen(options.port ?? 0, "127.0.0.1", ready));
  const issuer = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  const server: OidcServer = {
    issuer,
    login: undefined,
    accounts: new Map(),
    stop: async () => {
      const closed = new Promise((done) => http.close(done));
      http.closeAllConnections();
      await closed;
    },
  };
  const provider = new Provider(issuer, configurationOf(server, options));
  const handle = provider.callback();
  const interact = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const login = options.asks === true ? await typedLogin(request) : server.login;
    if (options.asks === true && login === undefined) {
      response.writeHead(200, { "content-type": "text/html" }).end(FORM);
      return;
    }
    const result =
      login === undefined ? { error: "access_denied" } : { login: { accountId: login } };
    await provider.interactionFinished(request, response, result);
  };
  http.on("request", (request, response) => {
    if (request.url?.startsWith("/interaction/") === true) void interact(request, response);
    else void handle(request, response);
  });
  return server;
}

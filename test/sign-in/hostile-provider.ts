import { Buffer } from "node:buffer";
import { createHmac, generateKeyPairSync, sign } from "node:crypto";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What a provider may get wrong in its ID token, over what is right. */
export interface TokenFaults {
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly header?: Readonly<Record<string, unknown>>;
  /** `other`: by a key that it does not publish; `none`: by nobody; `secret`: by the client's secret. */
  readonly signedBy?: "own" | "other" | "none" | "secret";
}

export interface HostileProvider {
  readonly issuer: string;
  faults: TokenFaults;
  /** Responds to the exchange of a code itself. */
  onToken: ((response: ServerResponse) => void) | undefined;
  /** Responds to the request for its configuration itself. */
  onDiscovery: ((response: ServerResponse) => void) | undefined;
  readonly stop: () => Promise<void>;
}

const rsa = () => generateKeyPairSync("rsa", { modulusLength: 2048 });
const base64url = (value: unknown): string =>
  Buffer.from(JSON.stringify(value)).toString("base64url");

const json = (response: ServerResponse, body: unknown): void => {
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify(body));
};

/** A provider that signs everybody in as `u-ann` of the group `acme-admins`, with the faults that a test gives it. */
export async function startHostileProvider(client: {
  readonly clientId: string;
  readonly clientSecret: string;
}): Promise<HostileProvider> {
  const [own, other] = [rsa(), rsa()];
  let nonce = "";
  const http = createServer();
  await new Promise<void>((ready) => http.listen(0, "127.0.0.1", ready));
  const issuer = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  const provider: HostileProvider = {
    issuer,
    faults: {},
    onToken: undefined,
    onDiscovery: undefined,
    stop: async () => {
      const closed = new Promise((done) => http.close(done));
      http.closeAllConnections();
      await closed;
    },
  };

  const idToken = (): string => {
    const { claims, header, signedBy = "own" } = provider.faults;
    const now = Math.floor(Date.now() / 1_000);
    const right = { iss: issuer, aud: client.clientId, sub: "u-ann", nonce, iat: now };
    const body = { ...right, exp: now + 300, email: "ann@example.com", groups: ["acme-admins"] };
    const alg = signedBy === "none" ? "none" : signedBy === "secret" ? "HS256" : "RS256";
    const text = `${base64url({ alg, kid: "k1", ...header })}.${base64url({ ...body, ...claims })}`;
    if (signedBy === "none") return `${text}.`;
    const signature =
      signedBy === "secret"
        ? createHmac("sha256", client.clientSecret).update(text).digest()
        : sign("sha256", Buffer.from(text), (signedBy === "own" ? own : other).privateKey);
    return `${text}.${signature.toString("base64url")}`;
  };

  const configuration = {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    jwks_uri: `${issuer}/jwks`,
    response_types_supported: ["code"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: ["RS256"],
    code_challenge_methods_supported: ["S256"],
  };
  http.on("request", (request, response) => {
    const url = new URL(request.url ?? "/", issuer);
    if (url.pathname === "/.well-known/openid-configuration") {
      if (provider.onDiscovery !== undefined) return provider.onDiscovery(response);
      return json(response, configuration);
    }
    if (url.pathname === "/jwks") {
      const key = {
        ...own.publicKey.export({ format: "jwk" }),
        kid: "k1",
        alg: "RS256",
        use: "sig",
      };
      return json(response, { keys: [key] });
    }
    if (url.pathname === "/token") {
      if (provider.onToken !== undefined) return provider.onToken(response);
      return json(response, {
        access_token: "an-access-token",
        token_type: "Bearer",
        id_token: idToken(),
      });
    }
    nonce = url.searchParams.get("nonce") ?? "";
    const back = new URL(url.searchParams.get("redirect_uri") ?? "");
    back.searchParams.set("code", "a-code");
    back.searchParams.set("state", url.searchParams.get("state") ?? "");
    response.statusCode = 302;
    response.setHeader("location", back.href);
    return response.end();
  });
  return provider;
}

import { Buffer } from "node:buffer";
import { nkeys } from "@nats-io/nats-core";

const operator = nkeys.createOperator();
const system = nkeys.createAccount();
const account = nkeys.createAccount();
const user = nkeys.createUser();

type KeyPair = typeof user;

const base64url = (text: string | Uint8Array): string => Buffer.from(text).toString("base64url");

const nowSeconds = (): number => Math.floor(Date.now() / 1_000);

/** A JWT as `nsc` makes it: https://docs.nats.io/reference/reference-protocols/nats-jwt */
const signed = (issuer: KeyPair, subject: KeyPair, nats: object, expiresAt?: number): string => {
  const claims = {
    jti: `test-${subject.getPublicKey()}-${expiresAt ?? 0}`,
    iat: nowSeconds(),
    iss: issuer.getPublicKey(),
    sub: subject.getPublicKey(),
    name: "test",
    ...(expiresAt === undefined ? {} : { exp: expiresAt }),
    nats: { version: 2, ...nats },
  };
  const head = base64url(JSON.stringify({ typ: "JWT", alg: "ed25519-nkey" }));
  const content = `${head}.${base64url(JSON.stringify(claims))}`;
  return `${content}.${base64url(issuer.sign(Buffer.from(content)))}`;
};

const NO_LIMITS = { subs: -1, data: -1, payload: -1, imports: -1, exports: -1, conn: -1, leaf: -1 };
const JETSTREAM = { mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 };

const accountJwt = (of: KeyPair, jetStream: object): string =>
  signed(operator, of, {
    type: "account",
    limits: { ...NO_LIMITS, wildcards: true, ...jetStream },
  });

/** A server's configuration with an operator, an account with JetStream, and a resolver of both. */
export const operatorConfig = (): string => `
operator: ${signed(operator, operator, { type: "operator" })}
system_account: ${system.getPublicKey()}
resolver: MEMORY
resolver_preload: {
  ${system.getPublicKey()}: ${accountJwt(system, {})}
  ${account.getPublicKey()}: ${accountJwt(account, JETSTREAM)}
}
`;

/** The JWT of the account's user. */
export const userJwt = ({ livesForSeconds }: { readonly livesForSeconds: number }): string =>
  signed(
    account,
    user,
    { type: "user", subs: -1, data: -1, payload: -1 },
    nowSeconds() + livesForSeconds,
  );

/** A credentials file as NATS's tools write it. */
export const credentials = (jwt: string): string => `-----BEGIN NATS USER JWT-----
${jwt}
------END NATS USER JWT------

-----BEGIN USER NKEY SEED-----
${new TextDecoder().decode(user.getSeed())}
------END USER NKEY SEED------
`;

import { request } from "node:https";
import { afterEach, beforeAll, expect, test } from "vitest";
import { failOnLeaks } from "../process/leaks.ts";
import { type Receiver, startReceiver } from "./receiver.ts";
import { startService } from "../process/service-process.ts";
import { writeTempFile } from "../temp-dir.ts";
import { type CertificateRequest, makeTestCa, type TestCa, writeCaFile } from "./tls.ts";

failOnLeaks();

let ca: TestCa;
let receiver: Receiver | undefined;
beforeAll(async () => {
  ca = await makeTestCa();
});
afterEach(() => receiver?.stop());

async function startTlsReceiver(certificate: CertificateRequest, issuer = ca): Promise<Receiver> {
  receiver = await startReceiver(undefined, { tls: await issuer.issue(certificate) });
  return receiver;
}

/** The status, or the code of the error that ended the request. */
function ask(url: string, trusted = ca): Promise<number | string | undefined> {
  return new Promise((resolve) => {
    const asking = request(url, { ca: trusted.caPem, agent: false, method: "POST" }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    asking.once("error", (error: NodeJS.ErrnoException) => resolve(error.code));
    asking.end("{}");
  });
}

test.each([
  { ip: "127.0.0.1" },
  { ip: "127.0.0.1", keyType: "rsa" },
  { hostname: "localhost" },
] satisfies CertificateRequest[])("a certificate for %o is good for it", async (certificate) => {
  const tlsReceiver = await startTlsReceiver(certificate);
  expect(
    await ask(tlsReceiver.url("/ok", "hostname" in certificate ? "localhost" : undefined)),
  ).toBe(200);
  expect(tlsReceiver.requests[0]).toMatchObject({ method: "POST", path: "/ok", connection: 1 });
});

test("another authority's certificate is not trusted", async () => {
  const tlsReceiver = await startTlsReceiver({ ip: "127.0.0.1" }, await makeTestCa());
  expect(await ask(tlsReceiver.url("/"))).toBe("UNABLE_TO_VERIFY_LEAF_SIGNATURE");
  expect(tlsReceiver.requests).toEqual([]);
  expect(tlsReceiver.connections).toBe(1);
});

test("a certificate can have expired or lie in the future", async () => {
  const hourMs = 3_600_000;
  const expired = await startTlsReceiver({
    ip: "127.0.0.1",
    notAfter: new Date(Date.now() - hourMs),
  });
  expect(await ask(expired.url("/"))).toBe("CERT_HAS_EXPIRED");
  await expired.stop();
  const early = await startTlsReceiver({
    ip: "127.0.0.1",
    notBefore: new Date(Date.now() + hourMs),
  });
  expect(await ask(early.url("/"))).toBe("CERT_NOT_YET_VALID");
});

test("a certificate for another name is refused", async () => {
  const tlsReceiver = await startTlsReceiver({ hostname: "other.example" });
  expect(await ask(tlsReceiver.url("/"))).toBe("ERR_TLS_CERT_ALTNAME_INVALID");
});

test("behaviours work under TLS, resets too", async () => {
  const tlsReceiver = await startTlsReceiver({ ip: "127.0.0.1" });
  tlsReceiver.setScript({ kind: "reset_after_reading" });
  expect(await ask(tlsReceiver.url("/"))).toBe("ECONNRESET");
  tlsReceiver.setScript({ kind: "garbage" });
  expect(await ask(tlsReceiver.url("/"))).toBe("HPE_INVALID_CONSTANT");
  tlsReceiver.setScript({ kind: "hang" });
  const asked = ask(tlsReceiver.url("/hang"));
  await tlsReceiver.received(1, { path: "/hang" });
  await tlsReceiver.stop();
  expect(await asked).toBe("ECONNRESET");
});

test("a process that is given the authority's file trusts its certificates", async () => {
  const tlsReceiver = await startTlsReceiver({ ip: "127.0.0.1" });
  const entry = await writeTempFile(
    "client.mjs",
    `const { status } = await fetch(process.env.ASK);
     console.log(JSON.stringify({ msg: "answered", status }));`,
  );
  const client = await startService({
    entry,
    readyWhen: "answered",
    env: { ASK: tlsReceiver.url("/"), NODE_EXTRA_CA_CERTS: await writeCaFile(ca) },
  });
  expect(client.logs).toEqual([{ msg: "answered", status: 200 }]);
  await client.exited;
});

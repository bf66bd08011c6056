import { randomBytes, webcrypto } from "node:crypto";
// oxlint-disable-next-line import/no-unassigned-import -- its effect is what @peculiar/x509 needs
import "reflect-metadata"; // @peculiar/x509 cannot be loaded without
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";
import { writeTempFile } from "../temp-dir.ts";

type KeyPair = webcrypto.CryptoKeyPair;

/** The one name that the certificate is good for, or the one address. */
type CertificateName = { readonly hostname: string } | { readonly ip: string };

/** Valid from a day ago to tomorrow unless told otherwise; in the past for an expired one. */
export type CertificateRequest = CertificateName & {
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  readonly keyType?: "ec" | "rsa";
};

export interface Certificate {
  readonly certPem: string;
  readonly keyPem: string;
}

export interface TestCa {
  readonly caPem: string;
  issue(request: CertificateRequest): Promise<Certificate>;
}

const DAY_MS = 24 * 60 * 60 * 1_000;
const EC = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const RSA = {
  name: "RSASSA-PKCS1-v1_5",
  hash: "SHA-256",
  publicExponent: new Uint8Array([1, 0, 1]),
  modulusLength: 2_048,
};

/** Makes a certificate authority of its own; a client trusts it only when it is given `caPem`. */
export async function makeTestCa(commonName = "Ringback test CA"): Promise<TestCa> {
  const keys = await makeKeys("ec");
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: `CN=${commonName}`,
    notBefore: new Date(Date.now() - DAY_MS),
    notAfter: new Date(Date.now() + 30 * DAY_MS),
    signingAlgorithm: EC,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return {
    caPem: certificate.toString("pem"),
    issue: (request) => issue({ certificate, keys }, request),
  };
}

/** Writes the authority's certificate for `NODE_EXTRA_CA_CERTS` or `EXTRA_CA_FILE`; the path. */
export function writeCaFile(ca: Pick<TestCa, "caPem">): Promise<string> {
  return writeTempFile("ca.pem", ca.caPem);
}

async function issue(
  ca: { readonly certificate: X509Certificate; readonly keys: KeyPair },
  request: CertificateRequest,
): Promise<Certificate> {
  const { keyType = "ec", notAfter = new Date(Date.now() + DAY_MS) } = request;
  // A certificate that has expired was valid once.
  const { notBefore = new Date(Math.min(notAfter.getTime(), Date.now()) - DAY_MS) } = request;
  const keys = await makeKeys(keyType);
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: "CN=Ringback test receiver",
    issuer: ca.certificate.subject,
    notBefore,
    notAfter,
    signingAlgorithm: EC,
    publicKey: keys.publicKey,
    signingKey: ca.keys.privateKey,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension([
        "ip" in request
          ? { type: "ip", value: request.ip }
          : { type: "dns", value: request.hostname },
      ]),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
      await AuthorityKeyIdentifierExtension.create(ca.keys.publicKey),
    ],
  });
  return { certPem: certificate.toString("pem"), keyPem: await privateKeyPem(keys) };
}

async function makeKeys(keyType: "ec" | "rsa"): Promise<KeyPair> {
  return keyType === "ec"
    ? webcrypto.subtle.generateKey(EC, true, ["sign", "verify"])
    : webcrypto.subtle.generateKey(RSA, true, ["sign", "verify"]);
}

async function privateKeyPem({ privateKey }: KeyPair): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", privateKey));
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN PRIVATE KEY-----\n${lines.join("\n")}\n-----END PRIVATE KEY-----\n`;
}

/** Positive, as RFC 5280 4.1.2.2 wants it: the first bit is 0. */
function serialNumber(): string {
  return `01${randomBytes(12).toString("hex")}`;
}

import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { z } from "zod";

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

type Read = { readonly certificates: readonly string[] } | { readonly problem: string };

/** The certificates of a file of PEM, or what is wrong with it. */
const readCertificates = (path: string): Read => {
  const refused = (what: string): Read => ({
    problem: `'${path}' ${what}: expected a file of PEM certificates`,
  });
  const text = readText(path);
  if (typeof text !== "string") return refused(`cannot be read (${text.code})`);
  const certificates = text.match(CERTIFICATE) ?? [];
  if (certificates.length === 0) return refused("has no certificate");
  const broken = certificates.findIndex((pem) => !isCertificate(pem));
  if (broken >= 0) return refused(`has a certificate that cannot be read (number ${broken + 1})`);
  return { certificates };
};

/**
 * A setting that names a file of PEM certificates, and becomes their texts. The file is read with the settings, so that
 * its problems are reported with all others and not by the first connection.
 */
export const caFileSchema = z.string().transform((path, context) => {
  const read = readCertificates(path);
  if ("certificates" in read) return [...read.certificates];
  context.addIssue(read.problem);
  return z.NEVER;
});

/** A setting that names a file of PEM certificates, which somebody else reads again and again. */
export const certificateFileSchema = z.string().superRefine((path, context) => {
  const read = readCertificates(path);
  if ("problem" in read) context.addIssue(read.problem);
});

/** A setting that names the file of a private key. */
export const privateKeyFileSchema = z.string().superRefine((path, context) => {
  const text = readText(path);
  const expected = "expected a file with a private key in PEM, without a passphrase";
  if (typeof text !== "string") {
    context.addIssue(`'${path}' cannot be read (${text.code}): ${expected}`);
  } else if (keyIn(text) === undefined) {
    context.addIssue(`'${path}' has no private key that can be read: ${expected}`);
  }
});

/** What nsc writes: a user's JWT and the seed of its key. */
const CREDENTIALS = /-----BEGIN NATS USER JWT-----[\s\S]+-----BEGIN USER NKEY SEED-----/;

/** A setting that names a file of NATS credentials, which the connection reads for each log-in. */
export const credentialsFileSchema = z.string().superRefine((path, context) => {
  const text = readText(path);
  const expected = "expected a file of NATS credentials, as nsc writes it";
  if (typeof text !== "string") {
    context.addIssue(`'${path}' cannot be read (${text.code}): ${expected}`);
  } else if (!CREDENTIALS.test(text)) {
    context.addIssue(`'${path}' has no JWT with the seed of a key: ${expected}`);
  }
});

/** Whether a file's first certificate is that of another file's private key; both files are known to be well. */
export const isPair = (certificateFile: string, keyFile: string): boolean => {
  const [certificate, key] = [readText(certificateFile), readText(keyFile)];
  if (typeof certificate !== "string" || typeof key !== "string") return false;
  const privateKey = keyIn(key);
  return privateKey !== undefined && new X509Certificate(certificate).checkPrivateKey(privateKey);
};

const readText = (path: string): string | { readonly code: string | undefined } => {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    return { code: (error as NodeJS.ErrnoException).code };
  }
};

const isCertificate = (pem: string): boolean => {
  try {
    return new X509Certificate(pem).subject !== undefined;
  } catch {
    return false;
  }
};

const keyIn = (pem: string) => {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
};

import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { z } from "zod";

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

/**
 * A setting that names a file of PEM certificates. The file is read with the settings, so that its problems are
 * reported with all others and not by the first connection.
 */
export const caFileSchema = z.string().transform((path, context) => {
  const refuse = (what: string) => {
    context.addIssue(`'${path}' ${what}: expected a file of PEM certificates`);
    return z.NEVER;
  };
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    return refuse(`cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
  const certificates = text.match(CERTIFICATE) ?? [];
  if (certificates.length === 0) return refuse("has no certificate");
  const broken = certificates.findIndex((pem) => !isCertificate(pem));
  if (broken >= 0) return refuse(`has a certificate that cannot be read (number ${broken + 1})`);
  return [...certificates];
});

const isCertificate = (pem: string): boolean => {
  try {
    return new X509Certificate(pem).subject !== "";
  } catch {
    return false;
  }
};

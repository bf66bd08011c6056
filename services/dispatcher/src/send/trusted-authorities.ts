import { createSecureContext, getCACertificates, type SecureContext } from "node:tls";

/**
 * The authorities that Node.js trusts and the operator's own ones (`EXTRA_CA_FILE`), TLS 1.2 or newer.
 * Made once: it takes milliseconds, which a connection would otherwise take from all others.
 */
export const trusting = (extraCa: readonly string[]): SecureContext =>
  createSecureContext({
    minVersion: "TLSv1.2",
    ...(extraCa.length === 0 ? {} : { ca: [...getCACertificates("default"), ...extraCa] }),
  });

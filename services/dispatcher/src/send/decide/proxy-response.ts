/** What a proxy's response to CONNECT says: of the target, or of the proxy itself, which is ours. */
export type ProxyResponse =
  | { readonly kind: "tunnel" }
  /** An error code as `network-error.ts` knows it. */
  | { readonly kind: "target"; readonly code: string }
  /** A `PROXY_…` code. */
  | { readonly kind: "proxy"; readonly code: string };

/** RFC 9209, 2.3: what `Proxy-Status` says that went wrong between proxy and target. */
const PROXY_STATUS_ERRORS: Readonly<Record<string, string>> = {
  dns_error: "DNS_ENOTFOUND",
  dns_timeout: "DNS_ETIMEOUT",
  destination_not_found: "DNS_ENOTFOUND",
  destination_unavailable: "ECONNREFUSED",
  destination_ip_prohibited: "ERR_IP_BLOCKED",
  destination_ip_unroutable: "EHOSTUNREACH",
  connection_refused: "ECONNREFUSED",
  connection_terminated: "ECONNRESET",
  connection_timeout: "ETIMEDOUT",
  connection_read_timeout: "ETIMEDOUT",
  connection_write_timeout: "ETIMEDOUT",
};

/** Squid's names of errors that are about the target. */
const SQUID_ERRORS: Readonly<Record<string, string>> = {
  ERR_CONNECT_FAIL: "ECONNREFUSED",
  ERR_DNS_FAIL: "DNS_ENOTFOUND",
  ERR_ACCESS_DENIED: "ERR_IP_BLOCKED",
  ERR_READ_TIMEOUT: "ETIMEDOUT",
  ERR_SECURE_CONNECT_FAIL: "ECONNREFUSED",
};

/**
 * Reads the head of a response to CONNECT. A 502 or 503 may be the target's fault or the proxy's: other headers
 * decide. Without such a header a 503 is the proxy's (RFC 9110, 15.6.4: the server itself is unable), and so is the
 * 502 of a proxy that has tunnelled to nobody lately.
 */
export const proxyResponseOf = (head: string, hasTunnelledLately: boolean): ProxyResponse => {
  const status = Number(/^HTTP\/1\.[01] (\d{3})(?: |\r|$)/.exec(head)?.[1]);
  if (status >= 200 && status < 300) return { kind: "tunnel" };
  // Some proxies that check addresses refuse with 407 and ask for no credentials (smokescreen).
  if (status === 407 && header(head, "proxy-authenticate") !== undefined) {
    return { kind: "proxy", code: "PROXY_AUTHENTICATION" };
  }
  if (status === 403 || status === 407) return { kind: "target", code: "ERR_IP_BLOCKED" };
  const named = errorNamedIn(head);
  if (named !== undefined) return named;
  if (status === 504) return { kind: "target", code: "ETIMEDOUT" };
  if (status === 502 && hasTunnelledLately) return { kind: "target", code: "ECONNREFUSED" };
  if (status === 502 || status === 503) return { kind: "proxy", code: "PROXY_UNAVAILABLE" };
  return { kind: "proxy", code: "PROXY_PROTOCOL" };
};

/** The error that headers name; undefined where they name none that is known. */
const errorNamedIn = (head: string): ProxyResponse | undefined => {
  const error = /;\s*error=([a-z_]+)/.exec(header(head, "proxy-status") ?? "")?.[1];
  if (error !== undefined) return codeOf(PROXY_STATUS_ERRORS, error);
  const squid = /^ERR_[A-Z_]+/.exec(header(head, "x-squid-error") ?? "")?.[0];
  if (squid !== undefined) return codeOf(SQUID_ERRORS, squid);
  // smokescreen names its errors where it could not connect, and only there.
  const isNamed = header(head, "x-smokescreen-error") !== undefined;
  return isNamed ? { kind: "target", code: "ECONNREFUSED" } : undefined;
};

/** Errors that are not about the target are the proxy's own. */
const codeOf = (codes: Readonly<Record<string, string>>, error: string): ProxyResponse => {
  const code = Object.hasOwn(codes, error) ? codes[error] : undefined;
  return code === undefined
    ? { kind: "proxy", code: "PROXY_UNAVAILABLE" }
    : { kind: "target", code };
};

const header = (head: string, name: string): string | undefined =>
  new RegExp(`\\r\\n${name}:[ \\t]*([^\\r\\n]*)`, "i").exec(head)?.[1];

import type { FailureReason } from "@ringback/contracts/deliveries/attempt";
import type { PlatformFault, SendResult } from "./result.ts";
import { STOOD_STILL } from "./connect-tcp.ts";

/** What an error of the network means for the attempt that met it. */
export type NetworkVerdict =
  | Omit<Extract<SendResult, { kind: "no_response" }>, "durationMs" | "resent">
  | Extract<SendResult, { kind: "platform_fault" }>;

const REASONS: Readonly<Record<string, FailureReason>> = {
  ECONNREFUSED: "connection_refused",
  ECONNRESET: "connection_reset",
  EPIPE: "connection_reset",
  ECONNABORTED: "connection_reset",
  UND_ERR_SOCKET: "connection_reset",
  ETIMEDOUT: "timeout",
  UND_ERR_CONNECT_TIMEOUT: "timeout",
  UND_ERR_HEADERS_TIMEOUT: "timeout",
  EPROTO: "tls",
  ERR_IP_BLOCKED: "blocked_address",
  UND_ERR_HEADERS_OVERFLOW: "protocol",
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: "protocol",
  UND_ERR_RESPONSE: "protocol",
  ERR_ASSERTION: "protocol", // undici's, of a response with a status below 100
  // No route: nobody is there for us to be refused by, and the closed set has nothing nearer.
  ENETUNREACH: "connection_refused",
  EHOSTUNREACH: "connection_refused",
  ENETDOWN: "connection_refused",
  EHOSTDOWN: "connection_refused",
};

// X.509 verification (OpenSSL's names, as Node.js gives them) and failed handshakes.
const TLS_CODE =
  /^(ERR_TLS_|ERR_SSL_|ERR_OSSL_|CERT_|SELF_SIGNED_|DEPTH_ZERO_|UNABLE_TO_|CRL_|ERROR_IN_C)/;
const TLS_CODES = new Set([
  "HOSTNAME_MISMATCH",
  "INVALID_CA",
  "INVALID_PURPOSE",
  "PATH_LENGTH_EXCEEDED",
  "UNSPECIFIED", // what Node.js has no name for, such as a key that is too short
]);

/** Errors of our own process: descriptors, memory, and lookups in our own queue. */
const OWN_CODES = new Set(["EMFILE", "ENFILE", "ENOMEM", "ENOBUFS", "EAI_MEMORY", "BUSY"]);

/** No ephemeral port is free; but also what an IPv6 address gives where there is no IPv6. */
const NO_LOCAL_ADDRESS = "EADDRNOTAVAIL";

const UNREACHABLE_CODES = new Set([
  "ENETUNREACH",
  "EHOSTUNREACH",
  "ENETDOWN",
  "DNS_EAI_AGAIN",
  "DNS_ECONNREFUSED", // no name server responds
  "DNS_ETIMEOUT",
]);

/** Translates what undici or Node.js threw, walking the chain of causes; the only place that does. */
export const verdictOf = (error: unknown): NetworkVerdict => {
  const codes = codesOf(error);
  if (codes.includes(STOOD_STILL)) return platformFault("resources", STOOD_STILL);
  const own = codes.find((code) => OWN_CODES.has(code.replace(/^DNS_/, "")));
  if (own !== undefined) return platformFault("resources", own);
  const ofProxy = codes.find((code) => code.startsWith("PROXY_"));
  if (ofProxy !== undefined) return platformFault("network", ofProxy);
  const known = codes.filter((code) => reasonFor(code) !== undefined);
  // A name may have several addresses: the error of a reached address says more than that of an unreachable one.
  const reached = known.find((code) => !UNREACHABLE_CODES.has(code));
  if (reached === undefined && codes.includes(NO_LOCAL_ADDRESS)) {
    return platformFault("resources", NO_LOCAL_ADDRESS);
  }
  const name = error instanceof Error ? error.name : typeof error;
  const detail = reached ?? known[0] ?? codes[0] ?? name;
  const reason = reasonFor(detail) ?? "internal";
  return { kind: "no_response", reason, detail, unreachable: UNREACHABLE_CODES.has(detail) };
};

const platformFault = (fault: PlatformFault, detail: string): NetworkVerdict => ({
  kind: "platform_fault",
  fault,
  detail,
});

const reasonFor = (code: string): FailureReason | undefined => {
  if (Object.hasOwn(REASONS, code)) return REASONS[code];
  if (TLS_CODE.test(code) || TLS_CODES.has(code)) return "tls";
  if (code.startsWith("DNS_")) return "dns"; // c-ares' and getaddrinfo's
  return code.startsWith("HPE_") ? "protocol" : undefined; // the HTTP parser's
};

/** The codes of an error, its causes and, for happy eyeballs, of each address that was tried. */
const codesOf = (error: unknown): string[] => {
  const codes: string[] = [];
  const queue: unknown[] = [error];
  for (let seen = 0; queue.length > 0 && seen < 20; seen += 1) {
    const next = queue.shift();
    if (!(next instanceof Error)) continue;
    const code = codeOf(next);
    if (code !== undefined) codes.push(code);
    if (next instanceof AggregateError) queue.push(...(next.errors as unknown[]));
    queue.push(next.cause);
  }
  // A blocked address decides, whatever came of the name's other ones.
  return codes.includes("ERR_IP_BLOCKED") ? ["ERR_IP_BLOCKED"] : codes;
};

/** undici says `UND_ERR_SOCKET` of an unsolicited response too: 100 Continue, 101. */
const UNSOLICITED_RESPONSE = /^bad (response|upgrade)$/;

const codeOf = (error: Error): string | undefined => {
  const { code } = error as { code?: unknown };
  if (code === "UND_ERR_SOCKET" && UNSOLICITED_RESPONSE.test(error.message))
    return "UND_ERR_RESPONSE";
  if (typeof code === "string") return code;
  // undici 8 leaves out the code that the parser gave.
  return error.name === "HTTPParserError" ? "HPE_INVALID_RESPONSE" : undefined;
};

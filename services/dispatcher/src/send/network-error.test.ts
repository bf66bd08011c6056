import { FAILURE_REASONS } from "@ringback/contracts/deliveries/attempt";
import { errors } from "undici";
import { describe, expect, test } from "vitest";
import { verdictOf } from "./network-error.ts";

const coded = (code: string, message = "", options?: ErrorOptions): Error =>
  Object.assign(new Error(message, options), { code });

/** What Node.js throws when it has tried several addresses of a name. */
const aggregate = (...codes: readonly string[]): Error =>
  Object.assign(new AggregateError(codes.map((code) => coded(code))), { code: codes[0] });

describe("an error's code says why the attempt failed", () => {
  test.each([
    ["ECONNREFUSED", "connection_refused"],
    ["ENETUNREACH", "connection_refused"],
    ["EHOSTUNREACH", "connection_refused"],
    ["ENETDOWN", "connection_refused"],
    ["EHOSTDOWN", "connection_refused"],
    ["ECONNRESET", "connection_reset"],
    ["EPIPE", "connection_reset"],
    ["ECONNABORTED", "connection_reset"],
    ["UND_ERR_SOCKET", "connection_reset"],
    ["ETIMEDOUT", "timeout"],
    ["UND_ERR_CONNECT_TIMEOUT", "timeout"],
    ["UND_ERR_HEADERS_TIMEOUT", "timeout"],
    ["DNS_ENOTFOUND", "dns"],
    ["DNS_ENODATA", "dns"],
    ["DNS_ESERVFAIL", "dns"],
    ["DNS_EREFUSED", "dns"],
    ["DNS_ETIMEOUT", "dns"],
    ["DNS_ECONNREFUSED", "dns"],
    ["DNS_ECANCELLED", "dns"],
    ["DNS_EAI_AGAIN", "dns"],
    ["DNS_EAI_FAIL", "dns"],
    ["EPROTO", "tls"],
    ["ERR_TLS_CERT_ALTNAME_INVALID", "tls"],
    ["ERR_TLS_HANDSHAKE_TIMEOUT", "tls"],
    ["ERR_SSL_WRONG_VERSION_NUMBER", "tls"],
    ["ERR_OSSL_ASN1_WRONG_TAG", "tls"],
    ["CERT_HAS_EXPIRED", "tls"],
    ["CERT_NOT_YET_VALID", "tls"],
    ["CERT_REVOKED", "tls"],
    ["CERT_SIGNATURE_FAILURE", "tls"],
    ["DEPTH_ZERO_SELF_SIGNED_CERT", "tls"],
    ["SELF_SIGNED_CERT_IN_CHAIN", "tls"],
    ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "tls"],
    ["UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "tls"],
    ["ERROR_IN_CERT_NOT_AFTER_FIELD", "tls"],
    ["CRL_HAS_EXPIRED", "tls"],
    ["HOSTNAME_MISMATCH", "tls"],
    ["INVALID_CA", "tls"],
    ["INVALID_PURPOSE", "tls"],
    ["PATH_LENGTH_EXCEEDED", "tls"],
    ["UNSPECIFIED", "tls"],
    ["ERR_IP_BLOCKED", "blocked_address"],
    ["UND_ERR_HEADERS_OVERFLOW", "protocol"],
    ["UND_ERR_RES_CONTENT_LENGTH_MISMATCH", "protocol"],
    ["UND_ERR_RESPONSE", "protocol"],
    ["HPE_INVALID_CONSTANT", "protocol"],
    ["ERR_ASSERTION", "protocol"],
    ["UND_ERR_INVALID_ARG", "internal"],
    ["ERR_INVALID_URL", "internal"],
  ])("%s: %s", (code, reason) => {
    expect(verdictOf(coded(code))).toMatchObject({ kind: "no_response", reason, detail: code });
    expect(FAILURE_REASONS).toContain(reason);
  });

  test.each([
    "EMFILE",
    "ENFILE",
    "ENOMEM",
    "ENOBUFS",
    "DNS_EAI_MEMORY",
    "DNS_BUSY",
    "EADDRNOTAVAIL",
  ])("%s is a fault of our own", (code) => {
    const expected = { kind: "platform_fault", fault: "resources", detail: code };
    expect(verdictOf(coded(code))).toEqual(expected);
  });

  test.each(["PROXY_UNREACHABLE", "PROXY_AUTHENTICATION", "PROXY_UNAVAILABLE", "PROXY_PROTOCOL"])(
    "%s is a fault of our own network",
    (code) => {
      const expected = { kind: "platform_fault", fault: "network", detail: code };
      expect(verdictOf(coded(code))).toEqual(expected);
    },
  );

  test.each(["ENETUNREACH", "EHOSTUNREACH", "ENETDOWN", "DNS_EAI_AGAIN", "DNS_ETIMEOUT"])(
    "%s may be our own network's fault",
    (code) => expect(verdictOf(coded(code))).toMatchObject({ unreachable: true }),
  );

  test.each(["ECONNREFUSED", "DNS_ENOTFOUND", "ETIMEDOUT", "ERR_IP_BLOCKED"])(
    "%s is the endpoint's alone",
    (code) => expect(verdictOf(coded(code))).toMatchObject({ unreachable: false }),
  );
});

describe("an error without a code of its own", () => {
  test("is judged by its causes", () => {
    const error = new Error("outer", { cause: new Error("mid", { cause: coded("ECONNRESET") }) });
    expect(verdictOf(error)).toMatchObject({ reason: "connection_reset", detail: "ECONNRESET" });
  });

  test("that undici's parser threw is protocol", () => {
    const error = new errors.HTTPParserError("Expected HTTP/");
    expect(verdictOf(error)).toMatchObject({ reason: "protocol", detail: "HPE_INVALID_RESPONSE" });
  });

  test("is internal, named by its class", () => {
    expect(verdictOf(new TypeError("x"))).toMatchObject({
      reason: "internal",
      detail: "TypeError",
    });
  });

  test.each(["text", undefined, null, 7])("and that is not even one is internal: %o", (thrown) => {
    expect(verdictOf(thrown)).toMatchObject({ kind: "no_response", reason: "internal" });
  });

  test("is judged also where causes go round in a circle", () => {
    const error = new Error("a");
    error.cause = new Error("b", { cause: error });
    expect(verdictOf(error)).toMatchObject({ reason: "internal" });
  });
});

describe("undici's errors of a socket", () => {
  test.each(["bad response", "bad upgrade"])("are protocol when it says '%s'", (message) => {
    expect(verdictOf(new errors.SocketError(message))).toMatchObject({ reason: "protocol" });
  });

  test.each(["other side closed", "closed"])("are resets when it says '%s'", (message) => {
    expect(verdictOf(new errors.SocketError(message))).toMatchObject({
      reason: "connection_reset",
      detail: "UND_ERR_SOCKET",
    });
  });
});

describe("of a name's several addresses", () => {
  test("one that is blocked decides", () => {
    const error = aggregate("ECONNREFUSED", "ERR_IP_BLOCKED", "EMFILE");
    expect(verdictOf(error)).toMatchObject({ reason: "blocked_address" });
  });

  test("one that was reached says more than one that there is no way to", () => {
    for (const first of ["ENETUNREACH", "EADDRNOTAVAIL"]) {
      expect(verdictOf(aggregate(first, "ECONNREFUSED"))).toEqual({
        kind: "no_response",
        reason: "connection_refused",
        detail: "ECONNREFUSED",
        unreachable: false,
      });
    }
  });

  test("none that there is a way to may be our own network's fault", () => {
    const error = aggregate("ENETUNREACH", "EHOSTUNREACH");
    expect(verdictOf(error)).toMatchObject({ reason: "connection_refused", unreachable: true });
  });

  test("ports that are used up are our own fault, whatever route is missing besides", () => {
    expect(verdictOf(aggregate("ENETUNREACH", "EADDRNOTAVAIL"))).toMatchObject({
      kind: "platform_fault",
    });
  });

  test("a time-out is found behind undici's own error", () => {
    const cause = aggregate("ENETUNREACH", "ETIMEDOUT");
    const error = new errors.ConnectTimeoutError("Connect Timeout Error");
    error.cause = cause;
    expect(verdictOf(error)).toMatchObject({ reason: "timeout", unreachable: false });
  });
});

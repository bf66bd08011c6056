import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { proxyResponseOf } from "./proxy-response.ts";

const answer = (status: string, header = "", hasTunnelledLately = false): string => {
  const said = proxyResponseOf(`HTTP/1.1 ${status}\r\nvia: x${header}`, hasTunnelledLately);
  return said.kind === "tunnel" ? said.kind : `${said.kind} ${said.code}`;
};

describe("an answer to CONNECT", () => {
  test.each([
    ["200 OK", "", "tunnel"],
    ["403 Forbidden", "", "target ERR_IP_BLOCKED"],
    ["407 Request Rejected by Proxy", "", "target ERR_IP_BLOCKED"],
    [
      "407 Proxy Authentication Required",
      "\r\nProxy-Authenticate: Basic",
      "proxy PROXY_AUTHENTICATION",
    ],
    ["504 Gateway Timeout", "", "target ETIMEDOUT"],
    ["502 Bad Gateway", "\r\nProxy-Status: p; error=connection_refused", "target ECONNREFUSED"],
    ["502 Bad Gateway", "\r\nproxy-status: p; error=dns_error; rcode=x", "target DNS_ENOTFOUND"],
    ["502 Bad Gateway", "\r\nProxy-Status: p;error=connection_timeout", "target ETIMEDOUT"],
    [
      "503 Service Unavailable",
      "\r\nProxy-Status: p; error=destination_unavailable",
      "target ECONNREFUSED",
    ],
    [
      "503 Service Unavailable",
      "\r\nProxy-Status: p; error=connection_limit_reached",
      "proxy PROXY_UNAVAILABLE",
    ],
    ["503 Service Unavailable", "\r\nX-Squid-Error: ERR_CONNECT_FAIL 111", "target ECONNREFUSED"],
    [
      "503 Service Unavailable",
      "\r\nX-Squid-Error: ERR_CACHE_ACCESS_DENIED 0",
      "proxy PROXY_UNAVAILABLE",
    ],
    ["502 Bad gateway", "\r\nX-Smokescreen-Error: Failed to connect", "target ECONNREFUSED"],
    ["502 Bad Gateway", "", "proxy PROXY_UNAVAILABLE"],
    ["503 Service Unavailable", "", "proxy PROXY_UNAVAILABLE"],
    ["500 Internal Server Error", "", "proxy PROXY_PROTOCOL"],
    ["99", "", "proxy PROXY_PROTOCOL"],
  ])("%s%s: %s", (status, header, expected) => {
    expect(answer(status, header)).toBe(expected);
  });

  test("of a proxy that tunnelled lately: a 502 without a word is the target's, a 503 is not", () => {
    expect(answer("502 Bad Gateway", "", true)).toBe("target ECONNREFUSED");
    expect(answer("503 Service Unavailable", "", true)).toBe("proxy PROXY_UNAVAILABLE");
  });

  test("of any bytes is one of the three", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.boolean(), (head, lately) => {
        expect(["tunnel", "target", "proxy"]).toContain(proxyResponseOf(head, lately).kind);
      }),
    );
  });
});

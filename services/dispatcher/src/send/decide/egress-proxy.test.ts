import { expect, test } from "vitest";
import { egressProxyOf } from "./egress-proxy.ts";

test.each([
  ["http://proxy:3128", "proxy", 3_128, undefined],
  ["http://proxy.test/", "proxy.test", 80, undefined],
  ["http://[::1]:3128", "::1", 3_128, undefined],
  ["http://user:p%40ss@proxy:3128", "proxy", 3_128, "user:p@ss"],
  ["http://user@proxy:3128", "proxy", 3_128, "user:"],
])("%s is a proxy", (text, hostname, port, credentials) => {
  const authorization =
    credentials === undefined ? undefined : `Basic ${Buffer.from(credentials).toString("base64")}`;
  expect(egressProxyOf(text)).toEqual({ hostname, port, authorization });
});

test.each([
  "",
  "proxy:3128",
  "https://proxy:3128",
  "socks5://proxy:1080",
  "http://",
  "http://proxy/path",
  "http://proxy/?q",
  "http://proxy/#f",
  "http://user:%ZZ@proxy",
])("'%s' is none", (text) => expect(egressProxyOf(text)).toBeUndefined());

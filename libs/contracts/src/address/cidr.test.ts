import { describe, expect, test } from "vitest";
import { isCidr, isWithin } from "./address.ts";

describe("a CIDR", () => {
  test.each(["0.0.0.0/0", "10.0.0.0/8", "10.1.2.3/32", "::/0", "fd00::/8", "FD00::1/128"])(
    "may be written as %s",
    (text) => expect(isCidr(text)).toBe(true),
  );

  test.each([
    ["no prefix", "10.0.0.0"],
    ["no address", "/8"],
    ["a short form, which would be 0.0.0.10/8", "10/8"],
    ["a short form, which would be 10.0.0.1/32", "10.1/32"],
    ["an octal number, which would be 8.0.0.0/8", "010.0.0.0/8"],
    ["a hexadecimal number", "0x7f.0.0.1/8"],
    ["a prefix that is too long for IPv4", "10.0.0.0/33"],
    ["a prefix that is too long for IPv6", "::/129"],
    ["a prefix with a leading zero", "10.0.0.0/08"],
    ["a negative prefix", "10.0.0.0/-8"],
    ["a mask instead of a prefix", "10.0.0.0/255.0.0.0"],
    ["two prefixes", "10.0.0.0/8/8"],
    ["a space", "10.0.0.0/8 "],
    ["a zone", "fe80::1%eth0/64"],
    ["mapped IPv4 addresses, which are written as IPv4", "::ffff:10.0.0.0/104"],
    ["brackets", "[::1]/128"],
    ["a name", "localhost/8"],
    ["nothing", ""],
  ])("has not %s", (_what, text) => expect(isCidr(text)).toBe(false));

  test("holds its addresses, spelt as IPv4 or mapped, and no other", () => {
    expect(isWithin("127.0.0.1", ["::1/128", "127.0.0.0/8"])).toBe(true);
    expect(isWithin("::ffff:7f00:1", ["127.0.0.0/8"])).toBe(true);
    expect(isWithin("::1", ["::1/128"])).toBe(true);
    expect(isWithin("128.0.0.0", ["127.0.0.0/8"])).toBe(false);
    expect(isWithin("127.0.0.1", ["::/0"])).toBe(false);
    expect(isWithin("::1", ["0.0.0.0/0"])).toBe(false);
    expect(isWithin("127.0.0.1", [])).toBe(false);
  });
});

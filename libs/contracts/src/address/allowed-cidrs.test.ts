import { Buffer } from "node:buffer";
import { isIPv4 } from "node:net";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { classifyAddress, deniedAddresses, isCidr } from "./address.ts";

const CLOSED = deniedAddresses({ allowedPrivateCidrs: [] });
const verdict = (address: string, denied = CLOSED): string => {
  const found = classifyAddress(address, denied);
  return found.kind === "allowed" ? "allowed" : found.reason;
};

const ipv4Of = (value: number): string => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes.join(".");
};
const ipv4 = fc.integer({ min: 0, max: 0xffff_ffff });

const METADATA = [
  "169.254.169.254",
  "169.254.170.2",
  "169.254.170.23",
  "100.100.100.200",
  "168.63.129.16",
  "fd00:ec2::254",
  "fd00:ec2::23",
  "fd20:ce::254",
];

describe("the networks that the operator opens", () => {
  test.each<[string, string[], string[]]>([
    ["10.0.0.0/8", ["10.0.0.0", "10.255.255.255"], ["9.255.255.255", "11.0.0.0"]],
    ["10.1.2.0/24", ["10.1.2.0", "10.1.2.255"], ["10.1.1.255", "10.1.3.0"]],
    ["127.0.0.1/32", ["127.0.0.1"], ["127.0.0.0", "127.0.0.2"]],
    ["192.168.0.0/31", ["192.168.0.0", "192.168.0.1"], ["192.167.255.255", "192.168.0.2"]],
    ["255.255.255.255/32", ["255.255.255.255"], ["255.255.255.254"]],
    ["0.0.0.0/8", ["0.0.0.0", "0.255.255.255"], ["1.0.0.0"]],
    ["172.0.0.0/8", ["172.16.0.0", "172.31.255.255"], ["10.0.0.1", "173.0.0.0"]],
    ["169.254.0.0/16", ["169.254.0.0", "169.254.169.253", "169.254.169.255"], ["169.253.255.255"]],
    ["::1/128", ["::1"], ["::", "::2"]],
    ["fd00::/8", ["fd00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"], ["fcff::", "fe00::"]],
    ["fd00:ec2::/32", ["fd00:ec2::253", "fd00:ec2::255"], ["fd00:ec1::254", "fd00:ec3::254"]],
    ["2001:db8::/33", ["2001:db8:7fff::"], ["2001:db8:8000::"]],
  ])("%s opens its own addresses and leaves its neighbours as they are", (cidr, inside, around) => {
    expect(isCidr(cidr)).toBe(true);
    const denied = deniedAddresses({ allowedPrivateCidrs: [cidr] });
    expect(inside.map((address) => verdict(address, denied))).toEqual(inside.map(() => "allowed"));
    for (const address of around) expect(verdict(address, denied)).toBe(verdict(address));
    for (const address of METADATA) expect(verdict(address, denied)).not.toBe("allowed");
  });

  test.each([
    [["169.254.169.254/32", "168.63.129.16/32", "fd00:ec2::254/128"]],
    [["169.254.0.0/16", "168.63.129.0/24", "100.64.0.0/10", "fd00::/8"]],
    [
      [
        "169.254.0.0/16",
        "169.254.170.2/32",
        "100.100.100.200/32",
        "fd20:ce::254/128",
        "fd00:ec2::23/128",
      ],
    ],
    [["0.0.0.0/0", "::/0"]],
    [["0.0.0.0/1", "128.0.0.0/1", "8000::/1"]],
    [["169.254.169.254/31", "168.63.129.16/31", "fd00:ec2::254/127"]],
  ])("%j never open the addresses of metadata services", (allowedPrivateCidrs) => {
    const denied = deniedAddresses({ allowedPrivateCidrs });
    const spellings = METADATA.flatMap((a) => [a, ...(isIPv4(a) ? [`::ffff:${a}`] : [])]);
    expect(spellings.filter((address) => verdict(address, denied) === "allowed")).toEqual([]);
    expect(verdict("169.254.169.255", denied)).toBe(
      allowedPrivateCidrs[0] === "169.254.169.254/32" ? "link_local" : "allowed",
    );
  });

  test("any IPv4 network opens its addresses but those of metadata services, and no other", () => {
    const network = fc.record({ at: ipv4, prefix: fc.integer({ min: 0, max: 32 }) });
    fc.assert(
      fc.property(network, ipv4, ({ at, prefix }, value) => {
        const size = 2 ** (32 - prefix);
        const first = at - (at % size);
        const denied = deniedAddresses({ allowedPrivateCidrs: [`${ipv4Of(at)}/${prefix}`] });
        for (const n of [first - 1, first, first + size - 1, first + size, value]) {
          if (n < 0 || n > 0xffff_ffff) continue;
          const address = ipv4Of(n);
          const isOpened = n >= first && n < first + size && !METADATA.includes(address);
          const expected = isOpened ? "allowed" : verdict(address);
          expect([address, verdict(address, denied)]).toEqual([address, expected]);
        }
      }),
      { numRuns: 300 },
    );
  });

  test("an IPv6 network never changes what is said of IPv4, nor the other way round", () => {
    const prefix = fc.integer({ min: 0, max: 128 });
    const head = fc.constantFrom("::", "::1", "2000::", "fd00::", "8000::", "::8.8.8.8", "e000::");
    fc.assert(
      fc.property(head, prefix, ipv4, (address, bits, value) => {
        const open6 = deniedAddresses({ allowedPrivateCidrs: [`${address}/${bits}`] });
        expect(verdict(ipv4Of(value), open6)).toBe(verdict(ipv4Of(value)));
      }),
      { numRuns: 300 },
    );
    const open4 = deniedAddresses({ allowedPrivateCidrs: ["0.0.0.0/0"] });
    const ipv6 = ["::", "::7f00:1", "fd00::1", "2001:db8::1", "2600::1", "4000::1"];
    expect(ipv6.map((one) => verdict(one, open4))).toEqual(ipv6.map((one) => verdict(one)));
  });

  test("several networks are opened together, also where they overlap or repeat", () => {
    const allowedPrivateCidrs = ["10.0.0.0/9", "10.64.0.0/10", "10.0.0.0/9", "::1/128", "::/127"];
    const denied = deniedAddresses({ allowedPrivateCidrs });
    const open = ["10.0.0.0", "10.64.0.1", "10.127.255.255", "::", "::1"];
    const shut = ["10.128.0.0", "::2", "127.0.0.1", "169.254.169.254"];
    const all = [...open, ...shut];
    expect(all.filter((address) => verdict(address, denied) === "allowed")).toEqual(open);
  });
});

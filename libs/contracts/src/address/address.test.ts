import { Buffer } from "node:buffer";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { classifyAddress, deniedAddresses } from "./address.ts";

const CLOSED = deniedAddresses({ allowedPrivateCidrs: [] });
const verdict = (address: string, denied = CLOSED): string => {
  const found = classifyAddress(address, denied);
  return found.kind === "allowed" ? "allowed" : found.reason;
};

/** IPv4 ranges as in the registries: before, first, last, after, and why. */
const IPV4: readonly [string, string, string, string, string][] = [
  ["", "0.0.0.0", "0.255.255.255", "1.0.0.0", "this_network"],
  ["9.255.255.255", "10.0.0.0", "10.255.255.255", "11.0.0.0", "private"],
  ["100.63.255.255", "100.64.0.0", "100.127.255.255", "100.128.0.0", "carrier_grade_nat"],
  ["126.255.255.255", "127.0.0.0", "127.255.255.255", "128.0.0.0", "loopback"],
  ["168.63.129.15", "168.63.129.16", "168.63.129.16", "168.63.129.17", "cloud_metadata"],
  ["169.253.255.255", "169.254.0.0", "169.254.255.255", "169.255.0.0", "link_local"],
  ["172.15.255.255", "172.16.0.0", "172.31.255.255", "172.32.0.0", "private"],
  ["191.255.255.255", "192.0.0.0", "192.0.0.255", "192.0.1.0", "protocol_assignments"],
  ["192.0.1.255", "192.0.2.0", "192.0.2.255", "192.0.3.0", "documentation"],
  ["192.31.195.255", "192.31.196.0", "192.31.196.255", "192.31.197.0", "as112"],
  ["192.52.192.255", "192.52.193.0", "192.52.193.255", "192.52.194.0", "amt"],
  ["192.88.98.255", "192.88.99.0", "192.88.99.255", "192.88.100.0", "6to4_relay"],
  ["192.167.255.255", "192.168.0.0", "192.168.255.255", "192.169.0.0", "private"],
  ["192.175.47.255", "192.175.48.0", "192.175.48.255", "192.175.49.0", "as112"],
  ["198.17.255.255", "198.18.0.0", "198.19.255.255", "198.20.0.0", "benchmarking"],
  ["198.51.99.255", "198.51.100.0", "198.51.100.255", "198.51.101.0", "documentation"],
  ["203.0.112.255", "203.0.113.0", "203.0.113.255", "203.0.114.0", "documentation"],
  ["223.255.255.255", "224.0.0.0", "255.255.255.255", "", "multicast_or_reserved"],
];

const IPV6: readonly [string, string, string, string, string][] = [
  ["", "::", "::fffe:ffff:ffff", "::ffff:8.8.8.8", "not_global_unicast"],
  [
    "::ffff:8.8.8.8",
    "::1:0:0:0",
    "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    "2000::",
    "not_global_unicast",
  ],
  [
    "2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    "2001::",
    "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff",
    "2001:200::",
    "protocol_assignments",
  ],
  [
    "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff",
    "2001:db8::",
    "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
    "2001:db9::",
    "documentation",
  ],
  [
    "2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    "2002::",
    "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    "2003::",
    "6to4",
  ],
  [
    "2620:4f:7fff:ffff:ffff:ffff:ffff:ffff",
    "2620:4f:8000::",
    "2620:4f:8000:ffff:ffff:ffff:ffff:ffff",
    "2620:4f:8001::",
    "as112",
  ],
  [
    "3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    "3fff::",
    "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff",
    "3fff:1000::",
    "documentation",
  ],
  [
    "3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    "4000::",
    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    "",
    "not_global_unicast",
  ],
];

test("the tables name at least 150 addresses", () => {
  // Each IPv4 address of the table is judged in its mapped spellings as well.
  const named = [...IPV4, ...IPV6].flatMap((row) => row.slice(0, 4)).filter((one) => one !== "");
  const mapped = IPV4.flatMap((row) => row.slice(0, 4)).filter((one) => one !== "");
  expect(named.length + mapped.length).toBeGreaterThanOrEqual(150);
});

describe.each([...IPV4, ...IPV6])("the range between %s", (before, first, last, after, reason) => {
  test(`${first} to ${last} is denied as ${reason}, its neighbours are not`, () => {
    expect([verdict(first), verdict(last)]).toEqual([reason, reason]);
    const neighbours = [before, after].filter((address) => address !== "");
    expect(neighbours.map((address) => verdict(address))).toEqual(neighbours.map(() => "allowed"));
  });
});

test.each(IPV4)(
  "after %s, %s to %s are denied mapped into IPv6 too",
  (before, first, last, after, reason) => {
    expect([first, last].map((one) => verdict(`::ffff:${one}`))).toEqual([reason, reason]);
    const neighbours = [before, after].filter((address) => address !== "");
    const verdicts = neighbours.map((one) => verdict(`::ffff:${one}`));
    expect(verdicts).toEqual(neighbours.map(() => "allowed"));
  },
);

const numberOf = (ipv4: string): number => Buffer.from(ipv4.split(".").map(Number)).readUInt32BE();
const ipv4Of = (value: number): string => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes.join(".");
};
const ipv4 = fc.oneof(
  fc.integer({ min: 0, max: 0xffff_ffff }),
  fc
    .constantFrom(...IPV4.flatMap(([, first, last]) => [numberOf(first), numberOf(last)]))
    .chain((n) => fc.integer({ min: Math.max(0, n - 2), max: Math.min(0xffff_ffff, n + 2) })),
);

test("every IPv4 address is denied exactly when one of the ranges holds it", () => {
  fc.assert(
    fc.property(ipv4, (value) => {
      const range = IPV4.find(([, a, b]) => numberOf(a) <= value && value <= numberOf(b));
      expect(verdict(ipv4Of(value))).toBe(range?.[4] ?? "allowed");
    }),
    { numRuns: 1_000 },
  );
});

/** The spellings of an IPv4 address that is mapped into IPv6. */
const mappedSpellings = (address: string): string[] => {
  const hex = numberOf(address).toString(16).padStart(8, "0");
  const [high, low] = [hex.slice(0, 4), hex.slice(4)];
  return [
    `::ffff:${address}`,
    `::FFFF:${address}`,
    `::ffff:${high}:${low}`,
    `0:0:0:0:0:ffff:${high}:${low}`,
    `0000:0000:0000:0000:0000:ffff:${address}`,
  ];
};

test("an IPv4 address that is mapped into IPv6 is judged as the IPv4 address, however it is spelt", () => {
  const lists = [[], ["127.0.0.0/8"], ["fd00::/8"], ["::/0"], ["0.0.0.0/0"]].map((cidrs) =>
    deniedAddresses({ allowedPrivateCidrs: cidrs }),
  );
  fc.assert(
    fc.property(ipv4, fc.constantFrom(...lists), (value, denied) => {
      const address = ipv4Of(value);
      const spellings = mappedSpellings(address);
      const expected = verdict(address, denied);
      expect(spellings.map((one) => [one, verdict(one, denied)])).toEqual(
        spellings.map((one) => [one, expected]),
      );
    }),
    { numRuns: 200 },
  );
});

test.each([
  ["the unspecified address", "::"],
  ["loopback", "::1"],
  ["an IPv4-compatible address", "::7f00:1"],
  ["an address of a NAT64 gateway", "64:ff9b::7f00:1"],
  ["a local NAT64 address", "64:ff9b:1::a9fe:a9fe"],
  ["the discard prefix", "100::1"],
  ["a unique local address", "fd12:3456::1"],
  ["a metadata service", "fd00:ec2::254"],
  ["a link-local address", "fe80::1"],
  ["a site-local address", "fec0::1"],
  ["multicast", "ff02::1"],
  ["the unassigned 4000::/3", "4000::1"],
  ["SRv6", "5f00::1"],
  ["Teredo", "2001:0:4136:e378:8000:63bf:3fff:fdd2"],
  ["6to4 around a private address", "2002:a00:1::1"],
])("%s (%s) is denied", (_what, address) => expect(verdict(address)).not.toBe("allowed"));

describe("the operator's own networks", () => {
  const own = deniedAddresses({
    allowedPrivateCidrs: ["10.0.0.0/8", "fd00::/8"],
    deniedCidrs: ["8.8.8.0/24", "10.1.0.0/16", "2600:1::/32", "fd01::/16"],
  });

  test.each([
    ["8.8.7.255", "allowed"],
    ["8.8.8.0", "denied_by_operator"],
    ["8.8.8.255", "denied_by_operator"],
    ["::ffff:8.8.8.8", "denied_by_operator"],
    ["8.8.9.0", "allowed"],
    ["10.0.255.255", "allowed"],
    ["10.1.0.0", "private"],
    ["10.1.255.255", "private"],
    ["10.2.0.0", "allowed"],
    ["2600:0:ffff:ffff:ffff:ffff:ffff:ffff", "allowed"],
    ["2600:1::", "denied_by_operator"],
    ["2600:1:ffff:ffff:ffff:ffff:ffff:ffff", "denied_by_operator"],
    ["2600:2::", "allowed"],
    ["fd00::1", "allowed"],
    ["fd01::", "not_global_unicast"],
    ["fd02::", "allowed"],
  ])("%s is %s: what is denied wins over what is opened", (address, expected) => {
    expect(verdict(address, own)).toBe(expected);
  });

  test("are no other way round opened by being named twice", () => {
    const cidrs = ["203.0.113.0/24"];
    const both = deniedAddresses({ allowedPrivateCidrs: cidrs, deniedCidrs: cidrs });
    expect(verdict("203.0.113.7", both)).toBe("documentation");
  });
});

test("every IPv6 address outside 2000::/3 is denied", () => {
  const group = fc.integer({ min: 0, max: 0xffff }).map((n) => n.toString(16));
  const first = fc.integer({ min: 0, max: 0xffff }).filter((n) => n >> 13 !== 1);
  fc.assert(
    fc.property(first, fc.tuple(group, group, group, group, group, group, group), (a, rest) => {
      expect(verdict([a.toString(16), ...rest].join(":"))).toBe("not_global_unicast");
    }),
  );
});

test.each(["", "localhost", "127.1", "0x7f.0.0.1", "2130706433", "127.0.0.1:80", "[::1]", "1.2.3"])(
  "'%s' is no address and denied",
  (text) => expect(verdict(text)).toBe("not_an_address"),
);

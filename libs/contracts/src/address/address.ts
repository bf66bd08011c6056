import { BlockList, isIP, isIPv4, isIPv6 } from "node:net";
import ipaddr from "ipaddr.js";
import { LRUCache } from "lru-cache";

/** A range of addresses to which no delivery is sent, and the reason. */
type DeniedRange = { readonly cidr: string; readonly reason: string };

// IANA's special-purpose address registries, and one address of a cloud that looks public.
const DENIED_IPV4: readonly DeniedRange[] = [
  { cidr: "0.0.0.0/8", reason: "this_network" }, // RFC 791
  { cidr: "10.0.0.0/8", reason: "private" }, // RFC 1918
  { cidr: "100.64.0.0/10", reason: "carrier_grade_nat" }, // RFC 6598
  { cidr: "127.0.0.0/8", reason: "loopback" }, // RFC 1122
  { cidr: "169.254.0.0/16", reason: "link_local" }, // RFC 3927, clouds' metadata
  { cidr: "172.16.0.0/12", reason: "private" }, // RFC 1918
  { cidr: "192.0.0.0/24", reason: "protocol_assignments" }, // RFC 6890
  { cidr: "192.0.2.0/24", reason: "documentation" }, // RFC 5737
  { cidr: "192.31.196.0/24", reason: "as112" }, // RFC 7535
  { cidr: "192.52.193.0/24", reason: "amt" }, // RFC 7450
  { cidr: "192.88.99.0/24", reason: "6to4_relay" }, // RFC 7526
  { cidr: "192.168.0.0/16", reason: "private" }, // RFC 1918
  { cidr: "192.175.48.0/24", reason: "as112" }, // RFC 7534
  { cidr: "198.18.0.0/15", reason: "benchmarking" }, // RFC 2544
  { cidr: "198.51.100.0/24", reason: "documentation" }, // RFC 5737
  { cidr: "203.0.113.0/24", reason: "documentation" }, // RFC 5737
  { cidr: "224.0.0.0/3", reason: "multicast_or_reserved" }, // RFC 5771, RFC 1112
  { cidr: "168.63.129.16/32", reason: "cloud_metadata" }, // Azure's host, public by number only
];

const DENIED_IPV6: readonly DeniedRange[] = [
  { cidr: "2001::/23", reason: "protocol_assignments" }, // RFC 2928
  { cidr: "2001:db8::/32", reason: "documentation" }, // RFC 3849
  { cidr: "2002::/16", reason: "6to4" }, // RFC 3056
  { cidr: "2620:4f:8000::/48", reason: "as112" }, // RFC 7534
  { cidr: "3fff::/20", reason: "documentation" }, // RFC 9637
];

/** Metadata services hand out credentials: no setting opens these. */
const NEVER_ALLOWED = [
  "169.254.169.254/32", // AWS, Google, Azure and most others
  "fd00:ec2::254/128", // AWS
  "169.254.170.2/32", // AWS: credentials of ECS tasks
  "169.254.170.23/32", // AWS: credentials of EKS pods
  "fd00:ec2::23/128", // AWS: credentials of EKS pods
  "fd20:ce::254/128", // Google
  "100.100.100.200/32", // Alibaba
  "168.63.129.16/32", // Azure
];

const GLOBAL_UNICAST_IPV6 = "2000::/3"; // RFC 4291: holds all assigned addresses
const MAPPED_IPV4 = "::ffff:0:0/96"; // RFC 4291: treated as the IPv4 address inside

/** First and last address of a range, as numbers. */
type Interval = { readonly first: bigint; readonly last: bigint };

const IPV6_LAST = (1n << 128n) - 1n;

/** Lists of CIDRs: a process has one for each setting. */
const MAX_REMEMBERED = 10;

export type AddressPolicy = {
  /** Private networks that the operator opens, as CIDRs (`ALLOWED_PRIVATE_CIDRS`). */
  readonly allowedPrivateCidrs: readonly string[];
  /** The operator's own addresses that look public, as CIDRs (`DENIED_CIDRS`); they win. */
  readonly deniedCidrs?: readonly string[];
};

/**
 * True for a CIDR such as `10.0.0.0/8` or `fd00::/8`. Stricter than ipaddr.js, which reads `10/8` as
 * 0.0.0.10/8 and `010.0.0.0/8` as 8.0.0.0/8: what an operator opens must be what is written there.
 */
export const isCidr = (text: string): boolean => {
  const [address = "", prefix = ""] = text.split("/");
  if (text !== `${address}/${prefix}` || !/^(0|[1-9]\d{0,2})$/.test(prefix)) return false;
  if (isIPv4(address)) return Number(prefix) <= 32;
  // No zones, which mean an interface of this machine; no mapped addresses, which are IPv4.
  if (!isIPv6(address) || address.includes("%") || Number(prefix) > 128) return false;
  return ipaddr.parse(address).range() !== "ipv4Mapped";
};

/** True when the address, or the IPv4 address that it maps, lies in one of the CIDRs. */
export const isWithin = (address: string, cidrs: readonly string[]): boolean => {
  const parsed = ipaddr.process(address);
  return parsedLists
    .memo(cidrs)
    .some((cidr) => cidr[0].kind() === parsed.kind() && parsed.match(cidr));
};

/** By the list's identity: each setting is parsed once, not for every URL. */
const parsedLists = new LRUCache({
  max: MAX_REMEMBERED,
  memoMethod: (cidrs: readonly string[]) => cidrs.map((cidr) => ipaddr.parseCIDR(cidr)),
});

/**
 * The denied addresses as a `net.BlockList`, which checks the address at the moment of connecting. Ranges rather
 * than subnets: an IPv6 subnet such as `::/3` would match IPv4 addresses too.
 */
export const deniedAddresses = (policy: AddressPolicy): BlockList => {
  const { allowedPrivateCidrs, deniedCidrs = [] } = policy;
  if (deniedCidrs.length > 0) return listOf(allowedPrivateCidrs, deniedCidrs);
  return listsOfAllowed.memo(allowedPrivateCidrs);
};

/** Creating a list takes a millisecond, and every URL with an address needs the same one. */
const listsOfAllowed = new LRUCache({
  max: MAX_REMEMBERED,
  memoMethod: (allowedPrivateCidrs: readonly string[]) => listOf(allowedPrivateCidrs, []),
});

const listOf = (
  allowedPrivateCidrs: readonly string[],
  deniedCidrs: readonly string[],
): BlockList => {
  const list = new BlockList();
  const always = [...NEVER_ALLOWED, ...deniedCidrs];
  for (const family of ["ipv4", "ipv6"] as const) {
    const allowed = allowedPrivateCidrs.filter((c) => familyOf(c) === family).map(intervalOf);
    const denied = (family === "ipv4" ? DENIED_IPV4.map((r) => intervalOf(r.cidr)) : deniedIpv6())
      .flatMap((interval) => without(interval, allowed))
      .concat(always.filter((cidr) => familyOf(cidr) === family).map(intervalOf));
    for (const { first, last } of denied) {
      list.addRange(textOf(first, family), textOf(last, family), family);
    }
  }
  return list;
};

export type AddressVerdict =
  { readonly kind: "allowed" } | { readonly kind: "denied"; readonly reason: string };

/** Whether deliveries may go to this IP address, and the named reason when not. */
export const classifyAddress = (address: string, denied: BlockList): AddressVerdict => {
  if (isIP(address) === 0) return { kind: "denied", reason: "not_an_address" };
  const family = isIPv6(address) ? "ipv6" : "ipv4";
  if (!denied.check(address, family)) return { kind: "allowed" };
  return { kind: "denied", reason: reasonFor(address) };
};

const reasonFor = (address: string): string => {
  const parsed = ipaddr.process(address); // a mapped address becomes IPv4
  const ranges = parsed.kind() === "ipv4" ? DENIED_IPV4 : DENIED_IPV6;
  const range = ranges.find(({ cidr }) => parsed.match(ipaddr.parseCIDR(cidr)));
  if (range !== undefined) return range.reason;
  const isPublic = parsed.kind() === "ipv4" || parsed.match(ipaddr.parseCIDR(GLOBAL_UNICAST_IPV6));
  return isPublic ? "denied_by_operator" : "not_global_unicast";
};

const deniedIpv6 = (): Interval[] => {
  const everything = { first: 0n, last: IPV6_LAST };
  const outside = without(everything, [intervalOf(GLOBAL_UNICAST_IPV6), intervalOf(MAPPED_IPV4)]);
  return outside.concat(DENIED_IPV6.map(({ cidr }) => intervalOf(cidr)));
};

const familyOf = (cidr: string): "ipv4" | "ipv6" => ipaddr.parseCIDR(cidr)[0].kind();

const intervalOf = (cidr: string): Interval => {
  const [address, prefix] = ipaddr.parseCIDR(cidr);
  const bytes = address.toByteArray();
  const value = bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  const size = 1n << BigInt(bytes.length * 8 - prefix);
  const first = (value / size) * size;
  return { first, last: first + size - 1n };
};

/** The parts of an interval that no other interval covers. */
const without = (interval: Interval, holes: readonly Interval[]): Interval[] =>
  holes.reduce<Interval[]>(
    (left, hole) =>
      left.flatMap(({ first, last }) => {
        if (hole.last < first || hole.first > last) return [{ first, last }];
        const before = { first, last: hole.first - 1n };
        const after = { first: hole.last + 1n, last };
        return [before, after].filter((part) => part.first <= part.last);
      }),
    [interval],
  );

const textOf = (value: bigint, family: "ipv4" | "ipv6"): string => {
  const length = family === "ipv4" ? 4 : 16;
  const bytes = Array.from({ length }, (_, n) =>
    Number((value >> BigInt(8 * (length - 1 - n))) & 255n),
  );
  return ipaddr.fromByteArray(bytes).toString();
};

import { promises as dns, type LookupAddress } from "node:dns";
import { LRUCache } from "lru-cache";
import { within } from "@ringback/runtime/process/concurrency";
import { lookupSlots, type LookupLimits } from "./lookup-slots.ts";
import { lookUpFamily, type FamilyFound, unresolved } from "./look-up-family.ts";

/** The addresses of a name, or why there is none. */
type Resolved = FamilyFound & {
  /** Those of the other family, where its name servers are slow; never rejects. */
  readonly later?: Promise<readonly LookupAddress[]>;
};

export type NameResolver = {
  /** Within `withinMs`, the wait in the queue included. */
  readonly resolve: (workspaceId: string, hostname: string, withinMs: number) => Promise<Resolved>;
  readonly close: () => void;
};

export type ResolverOptions = {
  /** Names that only this machine knows count too (hosts file, search domains): for development. */
  readonly useSystemNames: boolean;
  /** Name servers (`127.0.0.1:5353`); the system's where it is left out. */
  readonly servers?: readonly string[] | undefined;
  readonly limits?: Partial<LookupLimits>;
};

/** RFC 8305, 3: the wait for the other family's addresses once one family's are there. */
const RESOLUTION_DELAY_MS = 50;
const LIMITS: LookupLimits = { perWorkspace: 16, max: 512, waitMs: 2_000 };
/** A lookup that spent more than this share of its time in our own queue had too little time. */
const MAX_OWN_SHARE = 0.1;
/** After so many silences in a row it is the name servers' fault all the same. */
const MAX_EXCUSED = 3;
const MAX_SILENT_NAMES = 4_096;
/** Deliveries with about as much time share a lookup. */
const TIME_STEP_MS = 100;

/**
 * Names by DNS alone (c-ares, not the four threads of getaddrinfo), a bounded number at once. With
 * `useSystemNames` the system resolves too: at once names without a dot, which c-ares looks up in no search domain,
 * and others when DNS knows none. Otherwise the hosts file does not count: its names are for this machine and not
 * for customers.
 */
export const nameResolver = (options: ResolverOptions): NameResolver => {
  const limits = { ...LIMITS, ...options.limits };
  const slotFor = lookupSlots(limits);
  const running = new Map<string, Promise<Resolved>>();
  const closing = new AbortController();
  /** How often in a row the name servers of a name were silent. */
  const silences = new LRUCache<string, number>({ max: MAX_SILENT_NAMES });

  const resolve = async (workspaceId: string, lookup: Lookup): Promise<Resolved> => {
    const startMs = performance.now();
    const release = await slotFor(workspaceId, Math.min(limits.waitMs, lookup.withinMs / 2));
    if (release === undefined) return unresolved("BUSY");
    const waitedMs = Math.round(performance.now() - startMs);
    const { found, over } = byAnyWay({ ...lookup, withinMs: lookup.withinMs - waitedMs });
    // Held until the lookup is really over, not only until its caller stops waiting.
    void over.finally(release);
    const resolved = await found;
    const name = `${workspaceId} ${lookup.hostname}`;
    const isTooLate = resolved.kind === "unresolved" && resolved.code === "DNS_ETIMEOUT";
    const silent = isTooLate ? (silences.get(name) ?? 0) + 1 : 0;
    if (isTooLate) silences.set(name, silent);
    else silences.delete(name);
    // The wait in our queue is not the name servers' fault, unless they never respond.
    const isExcused = waitedMs > lookup.withinMs * MAX_OWN_SHARE && silent <= MAX_EXCUSED;
    return isTooLate && isExcused ? unresolved("BUSY") : resolved;
  };

  return {
    // Deliveries to one endpoint that begin together share one lookup.
    resolve: (workspaceId, hostname, ms) => {
      const withinMs = Math.max(1, Math.round(ms / TIME_STEP_MS)) * TIME_STEP_MS;
      const key = `${workspaceId} ${hostname} ${withinMs}`;
      const same = running.get(key);
      if (same !== undefined) return same;
      const lookup = { ...options, hostname, withinMs, signal: closing.signal };
      const found = resolve(workspaceId, lookup).finally(() => running.delete(key));
      running.set(key, found);
      return found;
    },
    close: () => closing.abort(),
  };
};

type Lookup = Pick<ResolverOptions, "servers" | "useSystemNames"> & {
  readonly hostname: string;
  readonly withinMs: number;
  readonly signal: AbortSignal;
};

type Resolution = { readonly found: Promise<Resolved>; readonly over: Promise<unknown> };

const byAnyWay = (lookup: Lookup): Resolution => {
  const { hostname, useSystemNames, withinMs } = lookup;
  // RFC 6761: there is no such name, so no name server is queried.
  if (/(^|\.)invalid$/.test(hostname)) return immediate(Promise.resolve(unresolved("ENOTFOUND")));
  if (useSystemNames && /^[^.]+$|\.localhost$/.test(hostname)) return bySystem(hostname, withinMs);
  const byName = byDns(lookup);
  if (!useSystemNames) return byName;
  const found = byName.found.then(async (known) => {
    if (known.kind === "addresses") return known;
    const system = await bySystem(hostname, withinMs).found;
    return system.kind === "addresses" ? system : known;
  });
  return { found, over: Promise.all([found, byName.over]) };
};

const immediate = (found: Promise<Resolved>): Resolution => ({ found, over: found });

const bySystem = (hostname: string, withinMs: number): Resolution => {
  const over = dns.lookup(hostname, { all: true }).then(
    (addresses): Resolved => ({ kind: "addresses", addresses }),
    (error: unknown) => unresolved(String((error as NodeJS.ErrnoException).code)),
  );
  return { found: within(withinMs, over, unresolved("ETIMEOUT")), over };
};

/** Both families. IPv4 comes first: more endpoints have it. */
const byDns = ({ hostname, servers, withinMs, signal }: Lookup): Resolution => {
  const both = [4 as const, 6 as const].map((family) =>
    lookUpFamily({ hostname, family, servers, withinMs, signal }),
  );
  return { found: together(both), over: Promise.all(both) };
};

const together = async (both: readonly Promise<FamilyFound>[]): Promise<Resolved> => {
  const first = await Promise.race(both);
  const waitMs = first.kind === "addresses" ? RESOLUTION_DELAY_MS : undefined;
  const known = await Promise.all(
    both.map((one) => (waitMs === undefined ? one : within(waitMs, one, undefined))),
  );
  const addresses = known.flatMap((one) => (one?.kind === "addresses" ? one.addresses : []));
  if (addresses.length > 0) {
    const slow = both.filter((_, n) => known[n] === undefined);
    if (slow.length === 0) return { kind: "addresses", addresses };
    const later = Promise.all(slow).then((all) =>
      all.flatMap((one) => (one.kind === "addresses" ? one.addresses : [])),
    );
    return { kind: "addresses", addresses, later };
  }
  // "No addresses of this family" says less than the other family's error.
  const codes = known.flatMap((one) => (one?.kind === "unresolved" ? [one.code] : []));
  return { kind: "unresolved", code: codes.find((c) => c !== "DNS_ENODATA") ?? "DNS_ENODATA" };
};

import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { afterEach, expect, test } from "vitest";
import { nameResolver, type NameResolver } from "./resolve-name.ts";

let silent: Socket | undefined;
let names: NameResolver | undefined;
afterEach(async () => {
  names?.close();
  await new Promise<void>((closed) => silent?.close(closed));
});

test("name servers that are always silent are not excused for ever by the wait in our own line", async () => {
  silent = createSocket("udp4");
  silent.bind(0, "127.0.0.1");
  await once(silent, "listening");
  const limits = { perWorkspace: 1, max: 1, waitMs: 10_000 };
  const servers = [`127.0.0.1:${silent.address().port}`];
  names = nameResolver({ useSystemNames: false, servers, limits });
  const resolve = async (name: string, withinMs: number) => {
    const resolved = await names?.resolve("w1", name, withinMs);
    return resolved?.kind === "unresolved" ? resolved.code : resolved;
  };
  const verdicts: unknown[] = [];
  // On a busy machine some find no slot in time: those say nothing of the name servers.
  while (verdicts.at(-1) !== "DNS_ETIMEOUT" && verdicts.length < 12) {
    const ahead = resolve("ahead.test", 100);
    verdicts.push(await resolve("behind.test", 500)); // had four fifths of its time
    await ahead;
  }
  expect(verdicts.slice(0, 3)).toEqual(["DNS_BUSY", "DNS_BUSY", "DNS_BUSY"]);
  expect(verdicts.at(-1)).toBe("DNS_ETIMEOUT");
});

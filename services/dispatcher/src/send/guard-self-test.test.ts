import { buildConnector } from "undici";
import { describe, expect, test } from "vitest";
import { proveGuard } from "./guard-self-test.ts";
import { guardedConnect } from "./guarded-connect.ts";
import { nameResolver } from "./resolve-name.ts";

describe("the guard's self-test", () => {
  test("passes, and takes no time that a start would notice", async () => {
    const startedMs = performance.now();
    await proveGuard();
    expect(performance.now() - startedMs).toBeLessThan(2_000);
  });

  test("fails, naming every way that is open, where nothing is guarded", async () => {
    const message = await proveGuard(buildConnector({ timeout: 1_000 })).then(
      () => "passed",
      (error: Error) => error.message,
    );
    expect(message).toContain("the address guard does not hold on Node.js v");
    expect(message).toContain("http://127.0.0.1 (connected)");
    expect(message).toContain("http://0.0.0.0 (connected)");
    expect(message).toContain("https://127.0.0.1 (");
    expect(message).toContain("expected ERR_IP_BLOCKED");
  });

  test("fails where a network is opened that should not be", async () => {
    const names = nameResolver({ useSystemNames: true });
    const policy = { allowedPrivateCidrs: ["0.0.0.0/32"], connectTimeoutMs: 1_000 };
    const proof = proveGuard(guardedConnect(policy, names)("w1"));
    await expect(proof).rejects.toThrow("http://0.0.0.0 (connected)");
    names.close();
  });
});

import { afterAll } from "vitest";
import { closeOpenResources, openResources } from "./open-resources.ts";

/** Throws, naming them, when processes, servers or connections of the harness are still open. */
export async function assertNoLeaks(): Promise<void> {
  const left = openResources();
  if (left.length === 0) return;
  await closeOpenResources();
  throw new Error(`left open at the end of the test file:\n  ${left.join("\n  ")}`);
}

/**
 * Makes the tear-down of this test file fail on a leak. Call it at the top of the file: `afterAll`
 * hooks run in reverse order, so this one then runs after the file's own.
 */
export function failOnLeaks(): void {
  afterAll(assertNoLeaks);
}

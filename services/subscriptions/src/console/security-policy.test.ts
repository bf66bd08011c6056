import { expect, test } from "vitest";
import { contentSecurityPolicy } from "./security-policy.ts";

test("nothing inline, nothing from elsewhere, no text that becomes a script, and nobody frames it", () => {
  const policy = contentSecurityPolicy([]);
  expect(policy).not.toMatch(/unsafe|\*|https?:|data:/);
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("require-trusted-types-for 'script'");
  expect(policy).toContain("frame-ancestors 'none'");
});

test("the origins of the allow-list may frame it", () => {
  const policy = contentSecurityPolicy(["https://app.example.com", "https://b.example.com"]);
  expect(policy).toContain("frame-ancestors https://app.example.com https://b.example.com;");
});

import { parseSettings } from "@ringback/runtime/settings/parse-settings";
import { expect, test } from "vitest";
import { SIGN_IN_SECRETS, signInRule, signInSettings } from "./sign-in-settings.ts";

const ALL = {
  PUBLIC_ORIGIN: "https://ringback.example.com",
  OIDC_ISSUER: "https://login.example.com/tenant",
  OIDC_CLIENT_ID: "ringback",
  OIDC_CLIENT_SECRET: "very-secret-text",
  OIDC_ROLES: "ops=*:admin",
};

const read = (environment: Record<string, string>) =>
  parseSettings(signInSettings, environment, SIGN_IN_SECRETS, [signInRule]);

test("with a provider, a person stays signed in for eight hours", () => {
  expect(read(ALL)).toMatchObject({
    OIDC_ISSUER: "https://login.example.com/tenant",
    OIDC_SCOPES: "openid email profile",
    OIDC_GROUPS_CLAIM: "groups",
    OIDC_SESSION_MAX_AGE: 8 * 3_600_000,
    OIDC_ROLES: [{ group: "ops", workspaceId: "*", scopes: ["admin"] }],
  });
});

test("without a provider nothing else is needed", () => {
  expect(read({})).toMatchObject({ OIDC_ROLES: [] });
});

test("whoever names a provider is told everything that is missing", () => {
  expect(() => read({ OIDC_ISSUER: ALL.OIDC_ISSUER })).toThrow(
    "OIDC_CLIENT_ID, OIDC_CLIENT_SECRET, OIDC_ROLES, PUBLIC_ORIGIN must be set too",
  );
});

test.each([
  ["OIDC_ISSUER", "http://login.example.com"],
  ["OIDC_ISSUER", "login.example.com"],
  ["OIDC_ISSUER", "https://login.example.com?a=1"],
  ["OIDC_ISSUER", "file:///etc/passwd"],
  ["PUBLIC_ORIGIN", "https://ringback.example.com/"],
  ["PUBLIC_ORIGIN", "https://ringback.example.com/console"],
  ["PUBLIC_ORIGIN", "http://ringback.example.com"],
  ["PUBLIC_ORIGIN", "javascript:alert(1)"],
  ["OIDC_SCOPES", "email profile"],
  ["OIDC_ROLES", "ops"],
  ["OIDC_SESSION_MAX_AGE", "1m"],
  ["OIDC_SESSION_MAX_AGE", "30d"],
  ["OIDC_CLIENT_SECRET", "short"],
])("%s=%s is refused, by its name", (name, value) => {
  expect(() => read({ ...ALL, [name]: value })).toThrow(name);
});

const reading = () => read({ ...ALL, OIDC_CLIENT_SECRET: "s3cr3t", OIDC_SCOPES: "x" });

test("no message repeats the client's secret", () => {
  expect(reading).toThrow("OIDC_SCOPES");
  expect(reading).not.toThrow("s3cr3t");
});

test.each(["http://127.0.0.1:8080", "http://localhost:8080", "http://[::1]:8080"])(
  "%s is fine on the machine of a developer",
  (origin) => {
    expect(read({ ...ALL, PUBLIC_ORIGIN: origin, OIDC_ISSUER: origin })).toBeDefined();
  },
);

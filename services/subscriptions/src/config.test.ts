import { expect, test } from "vitest";
import { readSubscriptionsSettings, subscriptionsSettings } from "./config.ts";

const parse = (environment: Record<string, string>) =>
  readSubscriptionsSettings({ ALLOW_PLAINTEXT_HEADERS: "true", ...environment });

test("only the API keys' file has no default, once it is said what becomes of secrets", () => {
  expect(parse({ API_KEYS_FILE: "/keys.json" })).toMatchObject({
    ADMIN_HOST: "0.0.0.0",
    ADMIN_PORT: 9081,
    HTTP_HOST: "0.0.0.0",
    HTTP_PORT: 8080,
    AGENT_REGISTRATION: "required",
    ALLOW_INSECURE_HTTP: false,
    ALLOWED_PRIVATE_CIDRS: [],
  });
  expect(() => parse({})).toThrow("API_KEYS_FILE: is required");
});

const ports = (text: string) => parse({ API_KEYS_FILE: "/k", ALLOWED_PORTS: text }).ALLOWED_PORTS;

test("ports are a list of ports and ranges", () => {
  expect(ports("443, 9000-9100")).toEqual([
    { first: 443, last: 443 },
    { first: 9_000, last: 9_100 },
  ]);
  expect(() => ports("443,https")).toThrow(
    "ALLOWED_PORTS: 'https' in '443,https' is not a port or a range such as 9000-9100",
  );
});

test("every setting is described", () => {
  const names = Object.entries(subscriptionsSettings)
    .filter(([, schema]) => (schema.description ?? "") === "")
    .map(([name]) => name);
  expect(names).toEqual([]);
});

test.each([
  ["HTTP_PORT", "http", "HTTP_PORT: is not a whole number (got 'http')"],
  ["AGENT_REGISTRATION", "maybe", /^AGENT_REGISTRATION: .*"required"\|"automatic".*'maybe'/],
  ["API_KEYS_FILE", "", "API_KEYS_FILE: is required"],
])("%s='%s' is refused", (name, value, message) => {
  expect(() => parse({ API_KEYS_FILE: "/keys.json", [name]: value })).toThrow(message);
});

test("everything that is wrong is said together", () => {
  const environment = { HTTP_PORT: "http", ALLOWED_PRIVATE_CIDRS: "10.0.0.0/8,x" };
  expect(() => parse(environment)).toThrow(
    /HTTP_PORT: .*'http'[\s\S]*API_KEYS_FILE: is required[\s\S]*ALLOWED_PRIVATE_CIDRS: 'x'/,
  );
});

test("the API and the probes cannot share a port, nor the portal the console's origin", () => {
  const keys = { API_KEYS_FILE: "/keys.json" };
  expect(() => parse({ ...keys, HTTP_PORT: "9081" })).toThrow(
    "HTTP_PORT: is 9081, as ADMIN_PORT is: expected two different ports",
  );
  expect(parse({ ...keys, HTTP_PORT: "0", ADMIN_PORT: "0" })).toMatchObject({ HTTP_PORT: 0 });
  const origin = "https://ringback.example.com";
  expect(() => parse({ ...keys, PORTAL_ORIGIN: origin, PUBLIC_ORIGIN: origin })).toThrow(
    "PORTAL_ORIGIN: is that of the console",
  );
});

import { expect, test } from "vitest";
import { endpointTestHeaders, isTestEvent, testedEndpoint } from "../events/test-event.ts";
import { endpointSubject, parseEndpointSubject } from "../streams/endpoint-subject.ts";
import { endpointIdOfUid, formatEndpointId, isEndpointId, isEndpointUid } from "./endpoint-id.ts";

const ID = "ep_abcdefgh234567ab";

test.each([
  [ID, true],
  ["ep_abcdefgh234567a", false],
  ["ep_abcdefgh234567abc", false],
  ["ep_ABCDEFGH234567AB", false],
  ["ep_abcdefgh01890189", false],
  ["", false],
])("'%s' is an endpoint's id: %s", (text, expected) => {
  expect(isEndpointId(text)).toBe(expected);
});

test.each([
  ["crm", true],
  ["CRM-1.prod_eu~2", true],
  ["x".repeat(128), true],
  ["x".repeat(129), false],
  ["", false],
  ["-x", false],
  ["a b", false],
  ["a/b", false],
  ["match", false],
  // Nobody could tell which of the two it is.
  [ID, false],
])("'%s' may be a customer's own id: %s", (text, expected) => {
  expect(isEndpointUid(text)).toBe(expected);
});

test("an endpoint has a subject of its own, which is no agent's", () => {
  const address = { workspaceId: "w1", endpointId: ID };
  expect(endpointSubject(address)).toBe(`subscriptions.w1._endpoint.${ID}`);
  expect(parseEndpointSubject(endpointSubject(address))).toEqual(address);
  for (const other of [
    "subscriptions.w1.a1",
    "subscriptions.w1._endpoint.x",
    `x.w1._endpoint.${ID}`,
  ]) {
    expect(parseEndpointSubject(other)).toBeUndefined();
  }
});

test("a test event names the one endpoint that it is for", () => {
  const headers = new Map(endpointTestHeaders(ID));
  const get = (name: string): string => headers.get(name) ?? "";
  expect(isTestEvent(get)).toBe(true);
  expect(testedEndpoint(get)).toBe(ID);
  expect(testedEndpoint(() => "")).toBeUndefined();
});

test("an id spells ten bytes in the base32 of RFC 4648, in lower case", () => {
  expect(formatEndpointId(new TextEncoder().encode("foobarfoob"))).toBe("ep_mzxw6ytbojtg633c");
  expect(formatEndpointId(new Uint8Array(10))).toBe("ep_aaaaaaaaaaaaaaaa");
  expect(formatEndpointId(new Uint8Array(10).fill(255))).toBe("ep_7777777777777777");
  expect(() => formatEndpointId(new Uint8Array(9))).toThrow("9 bytes");
});

test("the id of a uid is the beginning of a digest, another one in another workspace", () => {
  const id = endpointIdOfUid("acme", "crm");
  // printf "acme\0crm" | sha256sum | head -c20 | xxd -r -p | base32
  expect(id).toBe("ep_cg4d3qo4ysd4aep4");
  expect(isEndpointId(id)).toBe(true);
  expect(endpointIdOfUid("other", "crm")).not.toBe(id);
  // A NUL between them: no workspace's name goes on in another's uid.
  expect(endpointIdOfUid("acm", "ecrm")).not.toBe(id);
});

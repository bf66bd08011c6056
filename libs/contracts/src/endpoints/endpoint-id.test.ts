import { expect, test } from "vitest";
import { endpointTestHeaders, isTestEvent, testedEndpoint } from "../events/test-event.ts";
import { endpointSubject, parseEndpointSubject } from "../streams/endpoint-subject.ts";
import { isEndpointId, isEndpointUid } from "./endpoint-id.ts";

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

import { ExactNumber } from "@ringback/contracts/json/exact-number";
import { expect, test } from "vitest";
import { requestKeyOf } from "./request-key.ts";

const CONTENT = { method: "PATCH", url: "/agent/v1?a=b", headers: {} };

test("a request is told by what was sent: a default that changes does not make it another one", () => {
  const sentBody = { agent_id: "a1" };
  const today = requestKeyOf("key", { ...CONTENT, sentBody, body: { ...sentBody, mode: "merge" } });
  const later = requestKeyOf("key", { ...CONTENT, sentBody, body: { ...sentBody, mode: "new" } });
  expect(later.requestHash).toBe(today.requestHash);
  const other = requestKeyOf("key", { ...CONTENT, sentBody: { agent_id: "a2" }, body: {} });
  expect(other.requestHash).not.toBe(today.requestHash);
});

test("the order of an object's keys says nothing", () => {
  const one = { ...CONTENT, sentBody: { a: 1, b: { c: 2, d: 3 } }, body: null };
  const two = { ...CONTENT, sentBody: { b: { d: 3, c: 2 }, a: 1 }, body: null };
  expect(requestKeyOf("key", one)).toEqual(requestKeyOf("key", two));
});

const hashOf = (number: string): string => {
  const sentBody = { filter: { data: { account: new ExactNumber(number) } } };
  return requestKeyOf("key", { ...CONTENT, sentBody, body: null }).requestHash;
};

test("requests that differ in the last digit of a long number are different ones", () => {
  expect(hashOf("9007199254740993")).toBe(hashOf("9007199254740993"));
  expect(hashOf("9007199254740993")).not.toBe(hashOf("9007199254740992"));
});

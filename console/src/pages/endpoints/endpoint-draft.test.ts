import { expect, test } from "vitest";
import { parseExact } from "../../format/exact-json.ts";
import { changesOf, creationOf, draftOf, faultsOf, newDraft } from "./endpoint-draft.ts";

const stored = draftOf({
  url: "https://crm.example.com/calls?<redacted>",
  uid: "crm",
  method_type: "POST",
  headers: { Authorization: "<redacted>" },
  agents: ["*"],
  event_types: ["call_*"],
  filter: parseExact('{"data":{"loan":9007199254740993}}') as Record<string, unknown>,
  delivery: { timeout: "10s" },
  metadata: { team: "crm" },
});

test("a new endpoint is created with what was typed, and nothing else", () => {
  expect(creationOf({ ...newDraft(null), url: " https://a.example.com " })).toEqual({
    url: "https://a.example.com",
    method_type: "POST",
    headers: {},
    agents: ["*"],
    event_types: ["*"],
  });
  expect(newDraft(["a1", "a2"]).agents).toEqual(["a1", "a2"]);
});

test("only what differs is sent, and null for what was taken away", () => {
  expect(changesOf(stored, stored)).toEqual({});
  const after = {
    ...stored,
    description: "CRM",
    filter: " ",
    metadata: [],
    delivery: newDraft(null).delivery,
  };
  expect(changesOf(stored, after)).toEqual({
    description: "CRM",
    filter: null,
    metadata: null,
    delivery: null,
  });
});

test("values that the caller does not see are not sent, unless headers are changed", () => {
  expect(changesOf(stored, { ...stored, method: "PUT" })).toEqual({ method_type: "PUT" });
  const headers = [...stored.headers, { name: "X-One", value: "1" }];
  expect(changesOf(stored, { ...stored, headers })).toEqual({
    headers: { Authorization: "<redacted>", "X-One": "1" },
  });
});

test("every digit of a filter's number is shown, sent, and compared", () => {
  expect(stored.filter).toContain("9007199254740993");
  const filter = stored.filter.replace("0993", "0992");
  expect(JSON.stringify(changesOf(stored, { ...stored, filter }))).toBe(
    '{"filter":{"data":{"loan":9007199254740992}}}',
  );
  const spaced = stored.filter.replaceAll("\n", "\n ");
  expect(changesOf(stored, { ...stored, filter: spaced })).toEqual({});
});

test("a filter that is no JSON, and a name that stands twice, are faults at their fields", () => {
  const headers = [
    { name: "X-One", value: "1" },
    { name: "x-one", value: "2" },
  ];
  const faults = faultsOf({ ...stored, filter: "{'a':1}", headers });
  expect(faults.map(({ path }) => path)).toEqual(["headers.x-one", "filter"]);
  expect(faultsOf(stored)).toEqual([]);
});

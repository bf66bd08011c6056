import { expect, test } from "vitest";
import { parseExact } from "../../format/exact-json.ts";
import { typeDraftOf, typeFaultsOf, typeFieldsOf } from "./type-draft.ts";

test("a type comes out of its form as it went in, with every digit", () => {
  const example = parseExact('{"loan":9007199254740993}');
  const type = { event_type: "kyc_done", origin: "workspace", subscribers: "agents" } as const;
  const draft = typeDraftOf({ ...type, description: "Identified", example } as never);
  expect(typeFaultsOf(draft)).toEqual([]);
  expect(JSON.stringify(typeFieldsOf(draft))).toBe(
    '{"description":"Identified","example":{"loan":9007199254740993}}',
  );
});

test("a name that is missing, and texts that are no JSON, are faults at their fields", () => {
  const draft = { ...typeDraftOf(undefined), schema: "{", example: "[1,]" };
  expect(typeFaultsOf(draft).map(({ path }) => path)).toEqual(["name", "schema", "example"]);
  expect(typeFieldsOf(typeDraftOf(undefined))).toEqual({});
});

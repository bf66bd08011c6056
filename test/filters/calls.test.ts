import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type SeededApi, startSeededApi } from "../events/seeded-api.ts";
import { problem } from "../harness/api-client.ts";
import { failOnLeaks } from "../harness/process/leaks.ts";

failOnLeaks();

let api: SeededApi;
beforeAll(async () => {
  api = await startSeededApi();
});
afterAll(() => api.stop());

/** Sends JSON text as it is, so that every digit arrives. */
const ask = (body: string) =>
  api.reader.raw("/filters/test", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
  });

const MATCHES = { match: true, because: null };
const differs = (because: string) => ({ match: false, because });

describe("a stored event", () => {
  const BODY = String.raw`{"event_type":"call_completed","call_id":"c-1","call_duration":214,"account":9007199254740993,"a.b":[1,{"c":"\u00fc"}]}`;

  test.each([
    ["{}", MATCHES],
    ['{"data":{"call_duration":{"$gte":30}}}', MATCHES],
    ['{"data":{"call_duration":{"$gte":600}}}', differs("filter.data.call_duration.$gte")],
    ['{"event_type":{"$startsWith":"call_"},"agent_id":"a1","call_id":"c-1"}', MATCHES],
    ['{"agent_id":"a2"}', differs("filter.agent_id")],
    ['{"stored_at":{"$gt":"2026-01-01"}}', MATCHES],
    ['{"stored_at":{"$gt":"2199-01-01"}}', differs("filter.stored_at.$gt")],
    ['{"data":{"account":9007199254740993}}', MATCHES],
    ['{"data":{"account":9007199254740992}}', differs("filter.data.account")],
    ['{"data":{"account":{"$gt":9007199254740992}}}', MATCHES],
    ['{"data":{"a.b":{"c":"ü"}}}', MATCHES],
    ['{"data":{"a":{"b":{"$exists":true}}}}', differs("filter.data.a.b.$exists")],
  ])("%s", async (filter, expected) => {
    const { id } = await api.seed({ callId: "c-1", body: BODY });
    const answer = await ask(`{"filter":${filter},"event_id":"${id}"}`);
    expect(answer).toMatchObject({ status: 200, body: expected });
  });

  test("of another workspace, or an unknown one, is not found", async () => {
    const { id } = await api.seed({ callId: "c-2", workspaceId: "other" });
    for (const event_id of [id, "evt_0_1", "", "x"]) {
      const answer = await ask(JSON.stringify({ filter: {}, event_id }));
      expect(answer).toMatchObject(problem(404, "event_not_found"));
    }
  });

  test("that is not JSON has no fields, and those of its subject", async () => {
    const { seq } = await api.client.js.publish("events.acme.c-3.a1.call_completed", "{");
    const { id } = await api.seed({ callId: "c-4" });
    const event_id = id.replace(/_\d+$/, `_${seq}`);
    const filter = { agent_id: "a1", data: { any: { $exists: false } } };
    const answer = await ask(JSON.stringify({ filter, event_id }));
    expect(answer).toMatchObject({ status: 200, body: MATCHES });
  });
});

describe("a payload in the request", () => {
  test.each([
    ['"filter":{"data":{"n":12345678901234567890}},"data":{"n":12345678901234567890}', MATCHES],
    [
      '"filter":{"data":{"n":12345678901234567890}},"data":{"n":12345678901234567891}',
      differs("filter.data.n"),
    ],
    ['"filter":{"agent_id":"a1"},"data":{"agent_id":"a1"}', MATCHES],
    [
      '"filter":{"agent_id":"a1"},"data":{"agent_id":"a1"},"agent_id":"a2"',
      differs("filter.agent_id"),
    ],
    ['"filter":{"agent_id":{"$exists":false}},"data":{"agent_id":1}', MATCHES],
    [
      '"filter":{"call_id":"c-1","event_type":"x"},"data":{},"call_id":"c-1","event_type":"x"',
      MATCHES,
    ],
    [
      '"filter":{"stored_at":{"$lt":"2026-01-02"}},"data":{},"stored_at":"2026-01-01T23:00:00Z"',
      MATCHES,
    ],
    ['"filter":{"stored_at":{"$lt":"2026-01-02"}},"data":{}', differs("filter.stored_at.$lt")],
  ])("{%s}", async (body, expected) => {
    expect(await ask(`{${body}}`)).toMatchObject({ status: 200, body: expected });
  });
});

describe("a request that is not valid says where", () => {
  test.each<[string, [string, string][]]>([
    ["{}", [["filter", "is required"]]],
    ['{"filter":{}}', [["data", "is required, unless event_id is given"]]],
    [
      '{"filter":{},"event_id":"x","data":{},"agent_id":"a"}',
      [
        ["data", "is that of the event: leave it out, or leave out event_id"],
        ["agent_id", "is that of the event: leave it out, or leave out event_id"],
      ],
    ],
    ['{"filter":{},"data":[]}', [["data", "expected an object, got a list"]]],
    [
      '{"filter":{},"data":{},"stored_at":"2h"}',
      [["stored_at", "must be a time such as 2026-01-31T12:00:00Z"]],
    ],
    [
      '{"filter":{"data":{"amount":{"$gte":null}}},"data":{}}',
      [["filter.data.amount.$gte", "expected a number or a text, got null"]],
    ],
    [
      '{"filter":{"data":{"a":{"$gte_":1},"b":{"$in":[]}},"dta":1},"data":{}}',
      [
        ["filter.data.a.$gte_", "is not known here: did you mean $gte or $gt?"],
        ["filter.data.b.$in", "expected a list of 1 to 100 members, got 0 members"],
        ["filter.dta", "is not known here: did you mean data?"],
      ],
    ],
    ['{"filter":5,"data":{}}', [["filter", "expected an object of conditions"]]],
    ['{"filter":12345678901234567890,"data":{}}', [["filter", "expected an object of conditions"]]],
    [
      '{"filter":{},"data":{},"event_id":12345678901234567890}',
      [["event_id", "expected a text, got a number that is too large"]],
    ],
  ])("%s", async (body, errors) => {
    const answer = await ask(body);
    expect(answer).toMatchObject(problem(422, "validation_failed"));
    expect(answer.body?.["errors"]).toEqual(errors.map(([path, message]) => ({ path, message })));
  });
});

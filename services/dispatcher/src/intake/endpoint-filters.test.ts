import { createMetrics } from "@ringback/runtime/telemetry/metrics";
import { expect, test } from "vitest";
import { endpointId, endpointOf } from "../../../../test/harness/fixtures/endpoints.ts";
import { ADDRESS } from "../../../../test/harness/fixtures/records.ts";
import { keptLog } from "../../../../test/harness/kept-log.ts";
import { endpointFilters } from "./endpoint-filters.ts";

const withFilters = (...filters: readonly (string | undefined)[]) =>
  filters.map((filter, n) => endpointOf(endpointId(n), filter === undefined ? {} : { filter }));

const setUp = () => {
  const { log, lines } = keptLog();
  const metrics = createMetrics("1");
  const matching = endpointFilters(metrics, log);
  const chosen = async (
    endpoints: ReturnType<typeof withFilters>,
    body: string,
  ): Promise<number[]> => {
    const wanted = await matching(endpoints, {
      address: ADDRESS,
      storedAtMs: Date.parse("2026-01-31T09:30:00.000Z"),
      body: new TextEncoder().encode(body),
    });
    return wanted.map(({ endpoint_id }) =>
      endpoints.findIndex((one) => one.endpoint_id === endpoint_id),
    );
  };
  return { chosen, lines, metrics };
};

test("an endpoint gets the events that its filter matches, and all of them without one", async () => {
  const { chosen } = setUp();
  const endpoints = withFilters(
    undefined,
    '{"data":{"call_duration":{"$gte":30}}}',
    '{"agent_id":"another"}',
    '{"stored_at":{"$lt":"2026-02-01"}}',
  );
  expect(await chosen(endpoints, '{"call_duration":61}')).toEqual([0, 1, 3]);
  expect(await chosen(endpoints, '{"call_duration":2}')).toEqual([0, 3]);
});

test("numbers beyond 2^53 are compared as they were written, in filter and event", async () => {
  const { chosen } = setUp();
  const endpoints = withFilters('{"data":{"id":9007199254740993}}');
  expect(await chosen(endpoints, '{"id":9007199254740993}')).toEqual([0]);
  expect(await chosen(endpoints, '{"id":9007199254740992}')).toEqual([]);
});

test("what filters leave out is counted by the event's type", async () => {
  const { chosen, metrics } = setUp();
  await chosen(
    withFilters('{"data":{"status":"failed"}}', '{"data":{"status":"completed"}}'),
    '{"status":"completed"}',
  );
  expect((await metrics.page()).text).toContain(
    'ringback_filtered_total{event_type="call_completed"} 1',
  );
});

test("a filter that this version cannot read matches nothing, and is logged once", async () => {
  const { chosen, lines } = setUp();
  const endpoints = withFilters('{"data":{"a":{"$later":1}}}', "{");
  expect(await chosen(endpoints, '{"a":1}')).toEqual([]);
  expect(await chosen(endpoints, '{"a":1}')).toEqual([]);
  expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject(
    endpoints.map(({ endpoint_id }) => ({
      msg: "endpoint.filter_unreadable",
      workspace_id: ADDRESS.workspaceId,
      endpoint_id,
    })),
  );
});

/** Takes some milliseconds for a payload of a hundred thousand zeros. */
const SLOW = JSON.stringify({
  data: { $or: Array.from({ length: 50 }, (_, n) => ({ f: { $gt: n } })) },
});

test("other work goes on while the largest filters of fifty endpoints look at a large event", async () => {
  const { chosen } = setUp();
  const endpoints = withFilters(...Array.from({ length: 50 }, () => SLOW));
  const body = `{"f":[${"0,".repeat(100_000)}0]}`;
  let [turns, isOver] = [0, false];
  const count = (): void => {
    turns += 1;
    if (!isOver) setImmediate(count);
  };
  const both = Promise.all([chosen(endpoints, body), chosen(endpoints, body)]);
  setImmediate(count);
  expect(await both).toEqual([[], []]);
  isOver = true;
  expect(turns).toBeGreaterThan(5);
});

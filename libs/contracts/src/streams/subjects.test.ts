import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isCallId } from "../events/call-id.ts";
import { EVENT_TYPES } from "../events/event-types.ts";
import { isId } from "../id.ts";
import {
  agentsDueRetrySubject,
  dueRetrySubject,
  parseDueRetrySubject,
  parseScheduledRetrySubject,
  scheduledRetrySubject,
} from "./retry-subjects.ts";
import { LEASES, leaseSubject } from "./lease-subjects.ts";
import {
  attemptsOfCall,
  attemptSubject,
  deadLetterSubject,
  deliveryIdInAttemptSubject,
  eventsOfCall,
  eventSubject,
  invalidEventDeadLetterSubject,
  parseEventSubject,
  parseSubscriptionSubject,
  STREAM_SUBJECTS,
  STREAMS,
  subscriptionSubject,
  type EventAddress,
} from "./subjects.ts";

const id = fc.string({
  unit: fc.constantFrom(..."ABCXYZabcxyz0189_-".split("")),
  minLength: 1,
  maxLength: 128,
});
const agent = fc.record({ workspaceId: id, agentId: id });
const anyCallId = fc.oneof(id, fc.stringMatching(/^[!-~]{1,128}$/));
const address: fc.Arbitrary<EventAddress> = fc.record({
  workspaceId: id,
  callId: anyCallId,
  agentId: id,
  eventType: fc.oneof(fc.constantFrom(...EVENT_TYPES), fc.stringMatching(/^[a-z][a-z0-9_]{0,63}$/)),
});

const AT: EventAddress = {
  workspaceId: "w1",
  callId: "c1",
  agentId: "a1",
  eventType: "call_completed",
};

const NOT_IDS = [
  ["nothing", ""],
  ["a dot", "a.b"],
  ["a star", "*"],
  ["a star inside", "a*"],
  ["a full wildcard", ">"],
  ["a space", "a b"],
  ["a tab", "a\tb"],
  ["a newline at the end", "a\n"],
  ["a carriage return", "a\r"],
  ["NUL", "a\0"],
  ["non-ASCII letters", "müller"],
  ["full-width digits", "１２"],
  ["a colon", "a:b"],
  ["a slash", "a/b"],
  ["129 characters", "a".repeat(129)],
] as const;

test("the subjects are those that others rely on", () => {
  expect({
    event: eventSubject(AT),
    subscription: subscriptionSubject(AT),
    attempt: attemptSubject(AT, "7"),
    scheduled: scheduledRetrySubject(AT, "7"),
    due: dueRetrySubject(AT, "7"),
    deadLetter: deadLetterSubject(AT),
    lease: leaseSubject(LEASES.retryReconciler),
  }).toEqual({
    event: "events.w1.c1.a1.call_completed",
    subscription: "subscriptions.w1.a1",
    attempt: "attempts.w1.c1.a1.call_completed.7",
    scheduled: "retries.scheduled.w1.a1.7",
    due: "retries.due.w1.a1.7",
    deadLetter: "dead_letters.w1.c1.a1.call_completed",
    lease: "leases.overdue_watch",
  });
});

test("every stream has subjects, and no two streams share one", () => {
  expect(Object.keys(STREAM_SUBJECTS).toSorted()).toEqual(Object.values(STREAMS).toSorted());
  const heads = Object.values(STREAM_SUBJECTS).map((all) => all[0]?.split(".")[0]);
  expect(new Set(heads).size).toBe(heads.length);
});

test("an event's subject is parsed into the address that it was built from", () => {
  fc.assert(
    fc.property(address, (at) => {
      expect(parseEventSubject(eventSubject(at))).toEqual({ kind: "event", address: at });
    }),
  );
});

test("subjects of agents are parsed into the agent that they were built from", () => {
  fc.assert(
    fc.property(agent, (at) => {
      expect(parseSubscriptionSubject(subscriptionSubject(at))).toEqual(at);
      expect(parseDueRetrySubject(agentsDueRetrySubject(at))?.agent).toEqual(at);
    }),
  );
});

test("subjects of deliveries are parsed into the delivery that they were built from", () => {
  fc.assert(
    fc.property(address, id, (at, deliveryId) => {
      const { workspaceId, agentId } = at;
      const scheduled = parseScheduledRetrySubject(scheduledRetrySubject(at, deliveryId));
      expect(scheduled).toEqual({ agent: { workspaceId, agentId }, deliveryId });
      expect(parseDueRetrySubject(dueRetrySubject(at, deliveryId))).toEqual(scheduled);
      expect(deliveryIdInAttemptSubject(attemptSubject(at, deliveryId))).toBe(deliveryId);
    }),
  );
});

test.each([
  "retries.scheduled.w1.a1",
  "retries.scheduled.w1.a1.7.8",
  "retries.scheduled.w1.*.7",
  "retries.scheduled.w1.a1.",
  "retries.due.w1.a1.7",
  "attempts.w1.c1.a1.call_completed",
  "attempts.w1.c1.a1.call_completed.7.8",
  "attempts.w1.c1.a1.call_completed.>",
  "events.w1.c1.a1.call_completed.7",
])("'%s' names no delivery", (subject) => {
  expect(parseScheduledRetrySubject(subject)).toBeUndefined();
  expect(deliveryIdInAttemptSubject(subject)).toBeUndefined();
});

test("two deliveries never share a subject", () => {
  const near = fc.constantFrom("a", "aa", "a-", "a_"); // near enough to run into each other
  const eventType = fc.constantFrom(...EVENT_TYPES);
  const at = fc.record({ workspaceId: near, callId: near, agentId: near, eventType });
  fc.assert(
    fc.property(at, near, at, near, (one, oneId, other, otherId) => {
      const isSame = oneId === otherId && JSON.stringify(one) === JSON.stringify(other);
      expect(attemptSubject(one, oneId) === attemptSubject(other, otherId)).toBe(isSame);
    }),
  );
});

const tokensOf = (build: (callId: string) => string, callId: string): number | "refused" => {
  try {
    return build(callId).split(".").length;
  } catch {
    return "refused";
  }
};

describe.each(NOT_IDS)("what is not an id (%s)", (_what, text) => {
  test("is refused in every place of every subject", () => {
    const builders: readonly (() => string)[] = [
      () => eventSubject({ ...AT, workspaceId: text }),
      () => eventSubject({ ...AT, agentId: text }),
      () => eventSubject({ ...AT, eventType: text }),
      () => deadLetterSubject({ ...AT, agentId: text }),
      () => subscriptionSubject({ ...AT, workspaceId: text }),
      () => subscriptionSubject({ ...AT, agentId: text }),
      () => attemptSubject(AT, text),
      () => scheduledRetrySubject({ ...AT, agentId: text }, "7"),
      () => scheduledRetrySubject(AT, text),
      () => dueRetrySubject({ ...AT, workspaceId: text }, "7"),
      () => dueRetrySubject({ ...AT, agentId: text }, "7"),
      () => dueRetrySubject(AT, text),
      () => agentsDueRetrySubject({ ...AT, agentId: text }),
    ];
    const expected = new TypeError(
      `'${text}' cannot be part of a subject: expected 1 to 128 of A-Z a-z 0-9 _ -`,
    );
    for (const build of builders) expect(build).toThrow(expected);
  });

  test("is encoded where a call's id may have it, and refused where not", () => {
    const builders: readonly ((callId: string) => string)[] = [
      (callId) => eventSubject({ ...AT, callId }),
      (callId) => deadLetterSubject({ ...AT, callId }),
      (callId) => attemptSubject({ ...AT, callId }, "7"),
      (callId) => eventsOfCall("w1", callId),
      (callId) => attemptsOfCall("w1", callId),
    ];
    for (const build of builders) {
      expect(tokensOf(build, text)).toBe(isCallId(text) ? tokensOf(build, "c1") : "refused");
    }
  });

  test("is not found in a subject either", () => {
    expect(parseEventSubject(`events.w1.${text}.a1.call_completed`).kind).toBe("invalid");
    expect(parseSubscriptionSubject(`subscriptions.w1.${text}`)).toBeUndefined();
    expect(parseDueRetrySubject(`retries.due.${text}.a1.7`)).toBeUndefined();
  });
});

test.each([
  ["", "is not events.<workspace_id>.<call_id>.<agent_id>.<event_type>"],
  ["events", "is not events."],
  ["events.w1.c1.a1", "is not events."],
  ["events.w1.c1.a1.call_completed.7", "is not events."],
  ["events.w1.c1.a1.call_completed.", "is not events."],
  ["event.w1.c1.a1.call_completed", "is not events."],
  ["EVENTS.w1.c1.a1.call_completed", "is not events."],
  ["events..c1.a1.call_completed", "workspaceId '' in subject"],
  ["events.w1.c*.a1.call_completed", "callId 'c*' in subject"],
  ["events.w1.c1.>.call_completed", "agentId '>' in subject"],
  ["events.w1.c=2e1.a1.call_completed", "callId 'c=2e1' in subject"],
  ["events.w1.c1.a1.", "event type '' in subject"],
  ["events.w1.c1.a1.toString", "event type 'toString' in subject"],
  ["events.w1.c1.a1.Call_completed", "event type 'Call_completed' in subject"],
])("'%s' is not an event's subject, and the message says why", (subject, message) => {
  expect(parseEventSubject(subject)).toEqual({
    kind: "invalid",
    message: expect.stringContaining(message),
  });
});

test.each(["subscriptions.w1", "subscriptions.w1.a1.x", "subscription.w1.a1", "retries.due.w1.a1"])(
  "'%s' is no agent's subject of SUBSCRIPTIONS",
  (subject) => expect(parseSubscriptionSubject(subject)).toBeUndefined(),
);

test.each([
  "retries.due.w1",
  "retries.due.w1.a1.7.8",
  "retries.due.w1.a1.*",
  "retries.due.w1.*.7",
  "retries.scheduled.w1.a1",
  "subscriptions.w.a",
])("'%s' is no agent's subject of due retries", (subject) =>
  expect(parseDueRetrySubject(subject)).toBeUndefined(),
);

test("any subject at all has a dead-letter subject that is valid", () => {
  const units = fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 6 });
  const text = units.map((codes) => String.fromCharCode(...codes)); // halves of characters too
  const dotted = fc.array(fc.oneof(fc.constantFrom("w1", "c-1", "*", ">", ""), text), {
    maxLength: 8,
  });
  const anything = fc.oneof(
    text,
    dotted.map((tokens) => tokens.join(".")),
  );
  fc.assert(
    fc.property(anything, (subject) => {
      const tokens = invalidEventDeadLetterSubject(subject).split(".");
      expect(tokens).toHaveLength(5);
      expect(tokens[0]).toBe("dead_letters");
      expect(tokens.filter((_, n) => n !== 2).every(isId)).toBe(true);
      expect(tokens[2]).toMatch(/^[A-Za-z0-9_=-]{1,384}$/);
    }),
    { numRuns: 300 },
  );
});

test("the dead letter of an invalid event keeps what can be kept of its subject", () => {
  expect(invalidEventDeadLetterSubject("events.w1.c*.a1.call_started")).toBe(
    "dead_letters.w1._.a1.call_started",
  );
  expect(invalidEventDeadLetterSubject("events.w1")).toBe("dead_letters.w1._._._");
  // Nobody knows which token is which: none is taken for what it may not be.
  for (const subject of ["events.w1.c1.call_completed", "events.w1.c1.x.a1.call_completed"]) {
    expect(invalidEventDeadLetterSubject(subject)).toBe("dead_letters.w1._._._");
  }
  fc.assert(
    fc.property(address, (at) => {
      expect(invalidEventDeadLetterSubject(eventSubject(at))).toBe(deadLetterSubject(at));
    }),
  );
});

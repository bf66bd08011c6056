import { JetStreamApiError, JetStreamError } from "@nats-io/jetstream";
import { errors } from "@nats-io/nats-core";
import { expect, test } from "vitest";
import {
  isConsumerNotFound,
  isSequenceConflict,
  isStreamNotFound,
  isUnavailable,
} from "./errors.ts";

/** As nats-server 2.15 answers it. */
const answer = (code: number, err_code: number, description: string) =>
  new JetStreamApiError({ code, err_code, description });

const judgements = { isStreamNotFound, isConsumerNotFound, isSequenceConflict, isUnavailable };

/** The names of all that hold for an error. */
const judged = (error: unknown): string[] =>
  Object.entries(judgements)
    .filter(([, holds]) => holds(error))
    .map(([name]) => name);

/** The class is not exported; the client throws it where nobody answers a publish. */
const notEnabled = Object.assign(new JetStreamError("jetstream is not enabled"), {
  name: "JetStreamNotEnabled",
});

test.each<[string, unknown, keyof typeof judgements | undefined]>([
  ["no stream", answer(404, 10_059, "stream not found"), "isStreamNotFound"],
  ["no consumer", answer(404, 10_014, "consumer not found"), "isConsumerNotFound"],
  ["another last sequence", answer(400, 10_071, "wrong last sequence: 7"), "isSequenceConflict"],
  ["another write in flight", answer(400, 10_164, "wrong last sequence"), "isUnavailable"],
  ["the first copy in flight", answer(409, 10_158, "duplicate in process"), "isUnavailable"],
  ["no room in the stream", answer(503, 10_077, "maximum bytes exceeded"), "isUnavailable"],
  ["no room on the disk", answer(503, 10_023, "insufficient resources"), "isUnavailable"],
  ["no room for the account", answer(400, 10_002, "resource limits exceeded"), "isUnavailable"],
  ["no leader", answer(503, 10_008, "temporarily unavailable"), "isUnavailable"],
  ["JetStream off for a moment", answer(503, 10_076, "not enabled"), "isUnavailable"],
  ["no responders, as JetStream reads it", notEnabled, "isUnavailable"],
  ["no responders", new errors.NoRespondersError("js.publish"), "isUnavailable"],
  ["no answer in time", new errors.TimeoutError(), "isUnavailable"],
  ["a request that failed", new errors.RequestError("request failed"), "isUnavailable"],
  ["no connection", new errors.ConnectionError("refused"), "isUnavailable"],
  ["a closed connection", new errors.ClosedConnectionError(), "isUnavailable"],
  ["a connection that drains", new errors.DrainingConnectionError(), "isUnavailable"],
  ["replicas without a cluster", answer(500, 10_074, "replicas > 1 not supported"), undefined],
  ["a configuration that is wrong", answer(500, 10_052, "max age needs to be >= 100ms"), undefined],
  ["a stream larger than the disk", answer(500, 10_047, "insufficient storage"), undefined],
  ["a bad request", answer(400, 10_003, "bad request"), undefined],
  ["a message over the limit", answer(400, 10_054, "message size exceeds maximum"), undefined],
  ["refused credentials", new errors.AuthorizationError("bad"), undefined],
  ["no permission", new errors.PermissionViolationError("p", "publish", "x"), undefined],
  ["a wrong subject", new errors.InvalidSubjectError(">"), undefined],
  ["a wrong argument", errors.InvalidArgumentError.format("timeout", "is negative"), undefined],
  ["a bug", new TypeError("x is undefined"), undefined],
  ["an error that only looks like one", { name: "TimeoutError", code: 10_059 }, undefined],
  ["text", "stream not found", undefined],
  ["nothing", undefined, undefined],
  ["null", null, undefined],
])("%s is judged right", (_what, error, name) => {
  expect(judged(error)).toEqual(name === undefined ? [] : [name]);
});

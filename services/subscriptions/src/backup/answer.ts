import { JetStreamApiError, type ApiError } from "@nats-io/jetstream";
import type { Msg } from "@nats-io/nats-core";

/** What an answer of JetStream's API says; throws the error that it reports. */
export const answerIn = (reply: Msg): Readonly<Record<string, unknown>> => {
  const { error, ...answer } = reply.json<{ readonly error?: ApiError }>();
  if (error !== undefined) throw new JetStreamApiError(error);
  return answer;
};

import { JetStreamApiError, type ApiError } from "@nats-io/jetstream";
import type { Msg } from "@nats-io/nats-core";

/** What a reply of JetStream's API says; throws the error that it reports. */
export const replyIn = (reply: Msg): Readonly<Record<string, unknown>> => {
  const { error, ...said } = reply.json<{ readonly error?: ApiError }>();
  if (error !== undefined) throw new JetStreamApiError(error);
  return said;
};

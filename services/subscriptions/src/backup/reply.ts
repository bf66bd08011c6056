import { JetStreamApiError, type ApiError } from "@nats-io/jetstream";
import type { Msg } from "@nats-io/nats-core";

/** What a reply of JetStream's API says; throws the error that it reports. */
export const replyIn = (reply: Msg): Readonly<Record<string, unknown>> => {
  const { error, ...said } = jsonOf(reply.string());
  if (error !== undefined) throw new JetStreamApiError(error);
  return said;
};

/** A part of a restored stream that the server refuses has a text as its reply, such as `-ERR 'storage failure'`. */
const jsonOf = (text: string): { readonly error?: ApiError } => {
  try {
    return JSON.parse(text) as { readonly error?: ApiError };
  } catch (error) {
    throw new Error(text, { cause: error });
  }
};

import type { StreamName } from "@ringback/contracts/streams/subjects";
import type { z } from "zod";

/** What a message is like. */
export type DocumentedMessage = {
  /** Unique among all messages; the name of its schema too. */
  readonly name: string;
  readonly summary: string;
  /** Without one: the message has headers only, and an empty body. */
  readonly payload?: z.ZodType;
  readonly headers?: Readonly<Record<string, DocumentedHeader>>;
  readonly examples: readonly Example[];
};

export type DocumentedHeader = { readonly description: string; readonly isRequired?: boolean };

type Example = {
  readonly name: string;
  readonly payload?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
};

/** Subjects of one form on one stream, and what is on them. */
export type DocumentedChannel = {
  readonly name: string;
  readonly stream: StreamName;
  /** As the function in contracts builds it, with each parameter in braces. */
  readonly subject: string;
  readonly title: string;
  readonly description: string;
  readonly messages: readonly DocumentedMessage[];
  /** Who does what with it, as seen from Ringback: it receives events, and sends the rest. */
  readonly operations: readonly DocumentedOperation[];
};

type DocumentedOperation = {
  readonly name: string;
  readonly action: "send" | "receive";
  readonly summary: string;
};

/** The tokens that subjects are made of, and what each may be. */
export type SubjectParameter =
  | "workspace_id"
  | "call_id"
  | "agent_id"
  | "event_type"
  | "delivery_id"
  | "endpoint_id"
  | "event_seq";

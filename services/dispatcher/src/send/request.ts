import type { MethodType } from "@ringback/contracts/agents/subscription";

/** What an HTTP client may send, and send again; anything but a `Uint8Array` is released once it was written. */
export type RequestBody =
  Uint8Array | (AsyncIterable<Uint8Array> & { readonly byteLength: number });

/** One HTTP request, all but the sending. */
export type DeliveryRequest<Body extends RequestBody = Uint8Array> = {
  readonly method: MethodType;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Body;
};

/** A request and its workspace: workspaces share nothing, neither connections nor lookups. */
export type OutgoingRequest = DeliveryRequest<RequestBody> & {
  readonly workspaceId: string;
  /** From the start of the attempt to the response's status and headers. */
  readonly timeoutMs: number;
  /** When it was known last that this process is to send it, by `elapsedMs()`; now where left out. */
  readonly checkedMs?: number;
  /** Takes a fresh connection: the attempt before it may have died of a used one. */
  readonly isRetry?: boolean;
};

import type { IncomingHttpHeaders, OutgoingHttpHeaders } from "node:http";

/** The part of a request that is known before its body was read. */
export interface RequestHead {
  /** When the headers were in, milliseconds since the epoch. */
  readonly atMs: number;
  readonly method: string;
  /** Path and query, as sent. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** Names and values in turn, in the order and case sent. */
  readonly rawHeaders: readonly string[];
  /** The connection it came on, numbered from 1 in the order of acceptance. */
  readonly connection: number;
}

/** How a receiver treats one request. */
export type Behaviour =
  | {
      readonly kind: "status";
      readonly status: number;
      readonly headers?: OutgoingHttpHeaders;
      readonly body?: string | Buffer;
    }
  /** The status, but `afterMs` after the body was read. */
  | {
      readonly kind: "late_status";
      readonly status: number;
      readonly afterMs: number;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** Reads the request and never says anything. */
  | { readonly kind: "hang" }
  /** TCP reset when the headers are in; the body is not read. */
  | { readonly kind: "reset_before_reading" }
  /** TCP reset when the whole request is in. */
  | { readonly kind: "reset_after_reading" }
  /** `102 Processing` for ever. */
  | { readonly kind: "drip_informational"; readonly everyMs: number }
  /** A 200's status line, then one byte of an endless header at a time. */
  | { readonly kind: "drip_header_bytes"; readonly everyMs: number }
  /** Complete headers, then a body without an end. */
  | { readonly kind: "endless_body"; readonly status: number }
  /** Complete headers, then less body than `content-length` says, then the connection ends. */
  | { readonly kind: "broken_body"; readonly status: number }
  /** The connection ends within the response's headers. */
  | { readonly kind: "half_answer" }
  /** Bytes that are not HTTP, then the connection ends. */
  | { readonly kind: "garbage" };

/** Decides for each request; `nth` counts the requests to the same path (without query) from 1. */
export type Script = (request: RequestHead, nth: number) => Behaviour;

/** Plain answers with this status. */
export function status(
  code: number,
  { headers, body }: { headers?: OutgoingHttpHeaders; body?: string | Buffer } = {},
): Behaviour {
  return {
    kind: "status",
    status: code,
    ...(headers === undefined ? {} : { headers }),
    ...(body === undefined ? {} : { body }),
  };
}

/** On each path the first behaviour for the first request, and so on; the last one stays. */
export function inTurn(first: Behaviour, ...rest: readonly Behaviour[]): Script {
  const behaviours = [first, ...rest];
  return (_request, nth) => behaviours[Math.min(nth, behaviours.length) - 1] ?? first;
}

/** A script for each path (without query), 200 on all others. */
export function byPath(scripts: Readonly<Record<string, Behaviour | Script>>): Script {
  const byName = new Map(Object.entries(scripts));
  return (request, nth) => {
    const script = byName.get(pathnameOf(request.path)) ?? status(200);
    return typeof script === "function" ? script(request, nth) : script;
  };
}

/** The path without its query. */
export function pathnameOf(path: string): string {
  return path.split("?", 1)[0] ?? path;
}

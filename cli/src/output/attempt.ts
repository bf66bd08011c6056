import {
  nextStepSchema,
  outcomeSchema,
  type Outcome,
} from "@ringback/contracts/deliveries/attempt";
import { z } from "zod";
import { prettyJson } from "./pretty-json.ts";
import { printable } from "./printable.ts";
import type { Style, Terminal } from "./terminal.ts";

/** An attempt as the API shows it. */
export const attemptSchema = z.looseObject({
  attempt: z.int(),
  trigger: z.string(),
  at: z.string(),
  duration_ms: z.number(),
  request: z.looseObject({ method: z.string(), url: z.string() }).optional(),
  outcome: outcomeSchema,
  response: z
    .looseObject({
      headers: z.record(z.string(), z.string()).optional(),
      body_excerpt: z.string().optional(),
    })
    .optional(),
  next: nextStepSchema,
});

export type Attempt = z.infer<typeof attemptSchema>;

const STYLES = { delivered: "green", failed: "red", cancelled: "yellow" } as const;

export const outcomeStyle = ({ kind }: Outcome): Style => STYLES[kind];

/** `200`, `503`, or why there was no response. */
export const resultOf = (outcome: Outcome): string => {
  switch (outcome.kind) {
    case "delivered":
      return String(outcome.status_code);
    case "failed":
      return outcome.reason === "status" ? String(outcome.status_code) : outcome.reason;
    case "cancelled":
      return "cancelled";
    default:
      return outcome satisfies never;
  }
};

export const tookOf = (durationMs: number): string =>
  durationMs < 10_000 ? `${Math.round(durationMs)} ms` : `${(durationMs / 1_000).toFixed(1)} s`;

/** What follows an attempt: `retry Nov 26 14:03:22`, `dead letter`, or nothing. */
export const nextOf = ({ next }: Attempt, { time }: Pick<Terminal, "time">): string => {
  switch (next.kind) {
    case "retry":
      return `retry ${time(next.at)}`;
    case "dead_letter":
      return "dead letter";
    case "done":
      return "";
    default:
      return next satisfies never;
  }
};

/** `POST https://crm.example.com/calls`; empty where nothing was sent. */
export const requestOf = ({ request }: Attempt): string =>
  request === undefined ? "" : `${request.method} ${printable(request.url)}`;

/** The lines of a response: its headers, an empty line, its body where there is one. */
export const responseLines = ({ response }: Attempt): string[] => {
  const { headers = {}, body_excerpt: body = "" } = response ?? {};
  const head = Object.entries(headers).map(([name, value]) => `${name}: ${printable(value)}`);
  return body === "" ? head : [...head, ...(head.length === 0 ? [] : [""]), prettyJson(body)];
};

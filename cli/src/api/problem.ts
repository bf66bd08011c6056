import { z } from "zod";
import { CliError } from "../cli-error.ts";
import { bytesIn, jsonIn, notTheApi } from "./response.ts";

/** A response of the API that says no. */
export class ApiError extends CliError {
  readonly status: number;
  /** The problem's code; empty where the response was no problem of the API. */
  readonly code: string;
  /** What the API says, without the hint of this program. */
  readonly detail: string;
  readonly errors: readonly FieldError[];
  /** Of a partly published list: what is stored. */
  readonly body: unknown;

  /** What the response said; 0 without it. */
  readonly retryAfterMs: number;

  constructor({ status, headers }: Response, problem: Problem, body: unknown) {
    super(messageOf(status, problem));
    const { code, detail, errors = [] } = problem;
    this.status = status;
    this.retryAfterMs = (Number(headers.get("retry-after")) || 0) * 1_000;
    this.code = code;
    this.detail = detail;
    this.errors = errors;
    this.body = body;
  }
}

/** What is wrong with a request, and where. */
export type FieldError = z.infer<typeof fieldErrorSchema>;

const fieldErrorSchema = z.object({ path: z.string(), message: z.string() });

const problemSchema = z.object({
  code: z.string(),
  detail: z.string(),
  errors: z.array(fieldErrorSchema).optional(),
});

type Problem = z.infer<typeof problemSchema>;

/** What to do, where the API cannot know how this program is used. */
const HINTS: ReadonlyMap<string, string> = new Map([
  ["unauthorized", "check RINGBACK_API_KEY, or --key"],
  ["workspace_required", "give --workspace, or set RINGBACK_WORKSPACE"],
  ["key_not_found", "`ringback keys` lists those that there are"],
  ["event_not_found", "`ringback events` lists those that there are"],
  ["dead_letter_not_found", "`ringback dead-letters` lists those that there are"],
]);

const messageOf = (status: number, { code, detail, errors = [] }: Problem): string => {
  const hint = HINTS.get(code);
  const all = errors.map(({ path, message }) => (path === "" ? message : `${path}: ${message}`));
  // With errors, the detail only says that there are some.
  const text = all.length === 0 ? detail.replace(/\.$/, "") : all.join("; ");
  return `${text} (${status} ${code})${hint === undefined ? "" : `: ${hint}`}`;
};

/** The problem in a response of the API that is not 2xx. */
export const problemOf = async (response: Response): Promise<CliError> => {
  const { status, url, headers } = response;
  const body = jsonIn(new TextDecoder().decode(await bytesIn(response)));
  const parsed = problemSchema.safeParse(body);
  if (parsed.success) return new ApiError(response, parsed.data, body);
  const location = headers.get("location");
  if (location !== null) {
    return new CliError(
      `${url} answered ${status}, a redirect to ${location}: where that is Ringback's API, give its address with RINGBACK_API_URL, or --api`,
    );
  }
  const type = headers.get("content-type") ?? "nothing";
  return notTheApi(url, `${status} with ${type}`);
};

import { isEndpointId, isEndpointUid } from "@ringback/contracts/endpoints/endpoint-id";
import { z } from "zod";
import { didYouMean } from "../api/did-you-mean.ts";
import { pages } from "../api/pages.ts";
import { ApiError } from "../api/problem.ts";
import { CliError, usageError } from "../cli-error.ts";
import type { CommandContext } from "../command-context.ts";
import type { Terminal } from "../output/terminal.ts";

type Caller = Pick<CommandContext, "client" | "interrupted">;

const names = { endpoint_id: z.string(), uid: z.string().optional() };

/** What says which events an endpoint gets, and whether it gets them now. */
const choice = {
  agents: z.array(z.string()),
  event_types: z.array(z.string()),
  /** As it was written, but for numbers from 2^53 up, which keep all digits. */
  filter: z.unknown().optional(),
  state: z.string(),
  state_since: z.string(),
};

/** An endpoint of the list. */
const listedEndpointSchema = z.looseObject({
  ...names,
  url: z.string(),
  description: z.string().optional(),
  ...choice,
});

export type ListedEndpoint = z.infer<typeof listedEndpointSchema>;

/** An endpoint as this key may read it. */
export const endpointSchema = z.looseObject({
  ...names,
  url: z.string(),
  method_type: z.string(),
  headers: z.record(z.string(), z.string()),
  delivery: z.looseObject({}).optional(),
  description: z.string().optional(),
  metadata: z.record(z.string(), z.string()).optional(),
  ...choice,
  order: z.looseObject({ by: z.string(), on_failure: z.string(), max_wait: z.string() }).optional(),
  held_since: z.string().optional(),
  signing: z
    .array(z.looseObject({ scheme: z.string(), expires_at: z.string().optional() }))
    .optional(),
  version: z.int(),
  created_at: z.string(),
  updated_at: z.string(),
});

export type ReadEndpoint = z.infer<typeof endpointSchema>;

type Names = { readonly endpoint_id: string; readonly uid?: string | undefined };

/** `crm (ep_4q2f7xk3mzt5b6ya)`; of an endpoint without a uid its id alone. */
export const nameOf = ({ endpoint_id, uid }: Names): string =>
  uid === undefined ? endpoint_id : `${uid} (${endpoint_id})`;

const STYLES = new Map([
  ["healthy", "green"],
  ["paused", "yellow"],
  ["disabled", "red"],
] as const);

/** A state of an endpoint in its colour. */
export const paintState = (
  { style }: Pick<Terminal, "style">,
  state: string,
  text = state,
): string => {
  const own = STYLES.get(state as "healthy");
  return own === undefined ? text : style(own, text);
};

/** The path of the endpoint with this id or uid; throws for a text that is neither. */
export const endpointPath = (idOrUid: string): string => {
  if (isEndpointId(idOrUid) || isEndpointUid(idOrUid)) return `/endpoints/${idOrUid}`;
  throw usageError(
    `'${idOrUid}' is no endpoint's uid, or id such as ep_4q2f7xk3mzt5b6ya: \`ringback endpoints\` lists them`,
  );
};

/** What `pages` and `collect` want to know of the list. */
export const ENDPOINTS = { path: "/endpoints", items: "endpoints", schema: listedEndpointSchema };

/** Runs what names an endpoint; where there is none, the error names those that were probably meant. */
export const namingEndpoint = async <T>(
  { client, interrupted: signal }: Caller,
  idOrUid: string,
  act: () => Promise<T>,
): Promise<T> => {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== "endpoint_not_found") throw error;
    const known: string[] = [];
    for await (const one of pages(client, { ...ENDPOINTS, limit: Infinity, signal })) {
      known.push(one.uid ?? one.endpoint_id);
      // It is there now: the question was about another time.
      if (one.uid === idOrUid || one.endpoint_id === idOrUid) throw error;
    }
    const hint = didYouMean(idOrUid, known) || ": `ringback endpoints` lists those that there are";
    throw new CliError(`there is no endpoint '${idOrUid}' in this workspace${hint}`);
  }
};

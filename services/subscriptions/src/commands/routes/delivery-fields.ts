import { checkCallbackUrl, type CallbackUrlPolicy } from "@ringback/contracts/address/callback-url";
import { headerProblems, tooManyHeaders } from "@ringback/contracts/agents/request-headers";
import { queryProblem, secretValueProblem } from "@ringback/contracts/secrets/subscription-secrets";
import { z } from "zod";

/** A URL that events may be sent to, in its normal form. */
export const callbackUrlSchema = (policy: CallbackUrlPolicy) =>
  z
    .string()
    .transform((text, context) => {
      const checked = checkCallbackUrl(text, policy);
      const problem = checked.kind === "refused" ? checked.message : queryProblem(checked.href);
      if (checked.kind === "accepted" && problem === undefined) return checked.href;
      context.addIssue(problem ?? "is refused");
      return z.NEVER;
    })
    .meta({
      description: "`https:`, of a public host; without user, password and fragment",
      documentedAs: { type: "string", format: "uri" },
    });

// `when`: names all that is wrong, also where another rule is broken already.
const eachHeader = z.record(z.string(), z.string()).superRefine(
  (headers, context) => {
    const texts = Object.entries(headers).filter(([, value]) => typeof value === "string");
    for (const { name, message } of headerProblems(Object.fromEntries(texts))) {
      context.addIssue({ code: "custom", message, path: name === undefined ? [] : [name] });
    }
    for (const [name, value] of texts) {
      const message = secretValueProblem(value);
      if (message !== undefined) context.addIssue({ code: "custom", message, path: [name] });
    }
  },
  { when: ({ value }) => typeof value === "object" && value !== null },
);

/** Headers, counted before a name is looked at. */
const counted = <T extends z.ZodType>(schema: T) =>
  z.preprocess((headers, context) => {
    const isRecord = typeof headers === "object" && headers !== null && !Array.isArray(headers);
    const message = isRecord ? tooManyHeaders(Object.keys(headers).length) : undefined;
    if (message === undefined) return headers;
    context.addIssue(message);
    return z.NEVER;
  }, schema);

const DOCUMENTED = {
  description: "Sent with every request: a customer's own authorization, for example",
  examples: [{ Authorization: "Bearer crm-token" }],
};

/** Headers that a customer sets; absent: none. */
export const headersSchema = counted(eachHeader.default({}).meta(DOCUMENTED));

/** The same in a request that names what it changes; absent: those that are set stay. */
export const changedHeadersSchema = counted(eachHeader.meta(DOCUMENTED));

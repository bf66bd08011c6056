import { z } from "zod";

const ORIGIN = "must be an origin such as https://webhooks.example.com, without a path";

/** An origin as browsers write it: scheme, host and port, and nothing else. */
const originSchema = z.string().transform((text, context) => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isOrigin =
    url !== undefined &&
    `${url.origin}/` === url.href &&
    // A host name and nothing that means something in a security policy, such as `*` or `;`.
    /^https?:\/\/(?:[a-z0-9.-]+|\[[0-9a-f:]+\])(?::\d+)?$/.test(url.origin);
  if (isOrigin) return url.origin;
  context.addIssue({ code: "custom", message: ORIGIN, input: text });
  return z.NEVER;
});

const originsSchema = z
  .string()
  .transform((text) =>
    text
      .split(",")
      .map((one) => one.trim())
      .filter((one) => one !== ""),
  )
  .pipe(z.array(originSchema).max(50));

/** The settings of the pages that the service serves beside its API. */
export const consoleSettings = {
  CONSOLE: z
    .enum(["on", "off"])
    .prefault("on")
    .describe("`off`: the service serves no console at `/console`"),
  RUNBOOK_BASE_URL: z
    .url({ protocol: /^https?$/, error: "must be an http or https URL" })
    .optional()
    .describe(
      "Where the operator keeps the runbooks of `docs/runbooks`, such as `https://wiki.example.com/runbooks`: pages of the console for operators link there",
    ),
  PORTAL_ORIGIN: originSchema
    .optional()
    .describe(
      "Origin of the portal that customers see, such as `https://webhooks.example.com`: a host of its own that leads to this service. Without it there is no portal",
    ),
  PORTAL_FRAME_ANCESTORS: originsSchema
    .prefault("")
    .describe(
      "Origins whose pages may show the portal in a frame, separated by commas. None unless set",
    ),
} as const;

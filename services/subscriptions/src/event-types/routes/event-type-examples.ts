const OWN = {
  description: "The customer was identified",
  schema: { type: "object", required: ["score"], properties: { score: { type: "number" } } },
  example: { score: 0.93 },
};

const CREATED_AT = "2026-03-02T09:00:25.651Z";

const defined = (updated_at: string) => ({
  event_type: "kyc_done",
  origin: "workspace",
  subscribers: "agents",
  ...OWN,
  created_at: CREATED_AT,
  updated_at,
});

export const DEFINE_EXAMPLES = {
  kyc_done: { summary: "A type with a schema and an example", value: OWN },
};

export const ADDED_EXAMPLES = {
  kyc_done: { summary: "The new type", value: defined(CREATED_AT) },
};

export const CHANGED_EXAMPLES = {
  kyc_done: { summary: "The type as it now is", value: defined("2026-03-02T09:41:07.012Z") },
};

/** The catalogue of a workspace that added a type; of the built-in types it shows one. */
export const catalogueExamples = (builtIn: readonly { readonly event_type: string }[]) => ({
  catalogue: {
    summary: "One of the built-in types, and one of the workspace's own",
    value: {
      event_types: [
        ...builtIn.filter(({ event_type }) => event_type === "recording_failed"),
        defined(CREATED_AT),
      ],
      open: false,
    },
  },
});

/** What every event of a publication is about, where the event itself does not say so. */
export type About = {
  readonly event_type?: string | undefined;
  readonly call_id?: string | undefined;
  readonly agent_id?: string | undefined;
};

/** The option that gives a field. */
const OPTIONS = { event_type: "--type", call_id: "--call", agent_id: "--agent" } as const;

const FIELDS = Object.keys(OPTIONS) as (keyof typeof OPTIONS)[];

export type CompletedEvent =
  | { readonly kind: "event"; readonly text: string }
  | { readonly kind: "incomplete"; readonly message: string };

/**
 * The event with the fields that it lacks in front; the rest stays as it is written. Refused where the event is no
 * object, says something else, or still lacks a field.
 */
export const completedEvent = (text: string, about: About): CompletedEvent => {
  const event = JSON.parse(text) as unknown;
  if (typeof event !== "object" || event === null || Array.isArray(event)) {
    return { kind: "incomplete", message: "is no JSON object" };
  }
  const added: string[] = [];
  for (const field of FIELDS) {
    const own = (event as Readonly<Record<string, unknown>>)[field];
    const given = about[field];
    if (!Object.hasOwn(event, field)) {
      if (given === undefined) {
        const message = `has no ${field}: add it, or give ${OPTIONS[field]}`;
        return { kind: "incomplete", message };
      }
      added.push(`${JSON.stringify(field)}:${JSON.stringify(given)}`);
    } else if (given !== undefined && own !== given) {
      const message = `says ${field} ${JSON.stringify(own)}, and ${OPTIONS[field]} says "${given}"`;
      return { kind: "incomplete", message };
    }
  }
  if (added.length === 0) return { kind: "event", text };
  const comma = Object.keys(event).length === 0 ? "" : ",";
  return { kind: "event", text: `{${added.join(",")}${comma}${text.slice(1)}` };
};

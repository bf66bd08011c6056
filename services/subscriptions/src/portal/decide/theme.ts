import { z } from "zod";

/** What a theme may colour. */
export const THEME_COLOURS = [
  "background",
  "surface",
  "text",
  "muted",
  "accent",
  "accent_text",
  "border",
  "danger",
] as const;

const MODES = ["light", "dark", "auto"] as const;

/**
 * A colour in hexadecimal, with or without alpha, and nothing else: no name, no function, no `;`. The portal sets it as the
 * value of a custom property, where anything longer could be more than a colour.
 */
const colourSchema = z
  .string()
  .regex(
    /^#(?:[0-9a-f]{3}|[0-9a-f]{4}|[0-9a-f]{6}|[0-9a-f]{8})$/i,
    "must be a colour such as #0af, #00aaff or #00aaff80",
  )
  .transform((colour) => colour.toLowerCase())
  .meta({ documentedAs: { type: "string", pattern: "^#[0-9A-Fa-f]{3,8}$" } });

type ThemeColour = (typeof THEME_COLOURS)[number];

const colours = Object.fromEntries(
  THEME_COLOURS.map((name) => [name, colourSchema.optional()]),
) as Record<ThemeColour, z.ZodOptional<typeof colourSchema>>;

/** The colours of a portal; those that are not named are the portal's own. */
export const themeSchema = z.strictObject({
  mode: z.enum(MODES).optional().meta({
    description: "`auto`, without it: as the browser is set",
  }),
  ...colours,
});

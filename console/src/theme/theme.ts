/** The colours that a portal session may set, and light or dark. The API has checked them as colours. */
export type Theme = { readonly mode?: "light" | "dark" | "auto" } & {
  readonly [colour in ThemeColour]?: string;
};

const COLOURS = [
  "background",
  "surface",
  "text",
  "muted",
  "border",
  "accent",
  "accent_text",
  "danger",
] as const;
type ThemeColour = (typeof COLOURS)[number];

const COLOUR = /^#(?:[0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})$/i;

/** Sets the colours of the page. What is no plain colour is left out here, too. */
export const applyTheme = (theme: Theme, root: HTMLElement): void => {
  for (const colour of COLOURS) {
    const value = theme[colour];
    if (value !== undefined && COLOUR.test(value)) {
      root.style.setProperty(`--${colour.replace("_", "-")}`, value);
    }
  }
  if (theme.mode === "light" || theme.mode === "dark") root.dataset["mode"] = theme.mode;
  else delete root.dataset["mode"];
};

const KEY = "ringback.mode";

/** Light or dark as the reader chose it in this browser. */
export const chosenMode = (): Theme["mode"] => {
  try {
    const mode = localStorage.getItem(KEY);
    return mode === "light" || mode === "dark" ? mode : "auto";
  } catch {
    return "auto";
  }
};

export const chooseMode = (mode: "light" | "dark" | "auto", root: HTMLElement): void => {
  applyTheme({ mode }, root);
  try {
    localStorage.setItem(KEY, mode);
  } catch {
    // It holds for this page.
  }
};

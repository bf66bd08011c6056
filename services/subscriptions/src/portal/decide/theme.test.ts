import { expect, test } from "vitest";
import { THEME_COLOURS, themeSchema } from "./theme.ts";

test("eight colours and a mode make a theme, and each may be left out", () => {
  const all = Object.fromEntries(THEME_COLOURS.map((name, n) => [name, `#${String(n).repeat(6)}`]));
  expect(Object.keys(all)).toHaveLength(8);
  expect(themeSchema.parse({ mode: "dark", ...all })).toEqual({ mode: "dark", ...all });
  expect(themeSchema.parse({})).toEqual({});
});

test.each(["#0af", "#0AF8", "#00aaff", "#00AAFF80"])("%s is a colour", (accent) => {
  expect(themeSchema.parse({ accent })).toEqual({ accent: accent.toLowerCase() });
});

test.each([
  "red",
  "transparent",
  "#0a",
  "#00aaf",
  "#00aaff8",
  "#00aaff800",
  "#ggg",
  " #0af",
  "#0af ",
  "#0af\n",
  "#0af;",
  "#0af;background:url(https://evil.example.com/?a)",
  "rgb(0,0,0)",
  "var(--text)",
  "url(https://evil.example.com/)",
  "expression(alert(1))",
  "#0af}body{display:none",
  "#0af/**/",
  "#０af",
  "",
  0,
  null,
  ["#0af"],
  { toString: "#0af" },
])("%j is none, whatever a style sheet would make of it", (accent) => {
  expect(themeSchema.safeParse({ accent }).success).toBe(false);
});

test.each([
  { colour: "#0af" },
  { mode: "sepia" },
  { mode: "#0af" },
  { Accent: "#0af" },
  { "accent;color": "#0af" },
  JSON.parse('{"__proto__": {"accent": "#0af"}}') as object,
  [],
  "dark",
])("%j is no theme", (theme) => {
  expect(themeSchema.safeParse(theme).success).toBe(false);
});

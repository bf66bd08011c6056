import { expect, test } from "vitest";
import { z } from "zod";
import { consoleSettings } from "./console-settings.ts";

const settings = z.object(consoleSettings);

test("without settings there is a console, no portal, and nobody may frame it", () => {
  expect(settings.parse({})).toEqual({ CONSOLE: "on", PORTAL_FRAME_ANCESTORS: [] });
});

test("origins are read as browsers write them", () => {
  expect(
    settings.parse({
      CONSOLE: "off",
      PORTAL_ORIGIN: "https://Hooks.example.com:443/",
      PORTAL_FRAME_ANCESTORS: "https://app.example.com, http://localhost:3000,",
    }),
  ).toEqual({
    CONSOLE: "off",
    PORTAL_ORIGIN: "https://hooks.example.com",
    PORTAL_FRAME_ANCESTORS: ["https://app.example.com", "http://localhost:3000"],
  });
});

const NO_ORIGINS = [
  "hooks.example.com",
  "https://hooks.example.com/portal",
  "https://hooks.example.com?x",
  "https://user@hooks.example.com",
  "ftp://hooks.example.com",
  "https://*.example.com",
  "'self'",
  "https://a.example.com; script-src *",
];

test.each(NO_ORIGINS)("%j is no origin", (text) => {
  expect(settings.safeParse({ PORTAL_ORIGIN: text }).success).toBe(false);
  expect(settings.safeParse({ PORTAL_FRAME_ANCESTORS: text }).success).toBe(false);
});

import { expect, test } from "vitest";
import { changeOf } from "./endpoint-history.ts";

const at = { version: 2, at: "2026-11-29T10:00:00Z", actor: "k1" };

test("each kind of change has a title, also one that only a later version knows", () => {
  const titles = [
    changeOf({ ...at, type: "endpoint_created", set: { url: "https://a.example.com" } }),
    changeOf({ ...at, type: "endpoint_switched", state: "disabled", events: "hold" }),
    changeOf({ ...at, type: "endpoint_moved_house" }),
  ].map(({ title }) => title);
  expect(titles).toEqual(["Created", "Disabled", "endpoint moved house"]);
});

test("what a switch and a rotation changed stands among the settings", () => {
  const { set } = changeOf({ ...at, type: "endpoint_switched", state: "disabled", events: "hold" });
  expect(set).toEqual({ state: "disabled", "events meanwhile": "hold" });
});

import { expect, test } from "vitest";
import { nameText, visibleText } from "./visible-text.ts";

test("marks that turn the direction show by their numbers, and letters stay as they are", () => {
  expect(visibleText("bill\u202Efdp.exe\u2066 \u061C")).toBe(
    String.raw`bill\u202Efdp.exe\u2066 \u061C`,
  );
  // A joiner belongs to how Hindi is written.
  expect(visibleText("क्\u200Dष, שלום")).toBe("क्\u200Dष, שלום");
});

test.each([null, undefined, "", "   ", "\u200B\uFEFF"])("of the name %j the id is seen", (name) => {
  expect(nameText(name, "agent-7")).toBe("agent-7");
});

test("a name that can be seen is shown", () => {
  expect(nameText("EMI (हिन्दी)", "agent-7")).toBe("EMI (हिन्दी)");
  expect(nameText("\u202E", "agent-7")).toBe(String.raw`\u202E`);
});

import { expect, test } from "vitest";
import { codesOf } from "./spellings.ts";

test("every character is compared with all that its folding consists of", () => {
  for (let code = 0x80; code <= 0xff_ff; code += 1) {
    if (code === 0xa0) continue; // a space that does not break is compared as a space
    const unit = String.fromCharCode(code);
    const folded = unit.toUpperCase().toLowerCase();
    expect(String.fromCharCode(...codesOf(unit))).toBe(folded);
  }
});

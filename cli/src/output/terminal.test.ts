import { expect, test } from "vitest";
import { printable } from "./printable.ts";
import { terminalOf } from "./terminal.ts";

const recorder = (isTTY: boolean) => {
  const written: string[] = [];
  const stream = { isTTY, write: (text: string) => written.push(text) };
  return { written, stream: stream as unknown as NodeJS.WriteStream };
};

test("lines go to the output and notes do not", () => {
  const [out, err] = [recorder(false), recorder(false)];
  const terminal = terminalOf({ stdout: out.stream, stderr: err.stream }, {});
  terminal.line("asked for");
  terminal.note("by the way");
  terminal.progress("50 %");
  expect([out.written, err.written]).toEqual([["asked for\n"], ["by the way\n"]]);
  expect(terminal.style("red", "x")).toBe("x");
});

test("progress is shown to those who see it, and gives way to the next line", () => {
  const [out, err] = [recorder(true), recorder(true)];
  const terminal = terminalOf({ stdout: out.stream, stderr: err.stream }, {});
  terminal.progress("50 %");
  terminal.progress("60 %");
  terminal.line("done");
  expect(err.written).toEqual(["50 %", "\r\u001B[K", "60 %", "\r\u001B[K"]);
  expect(out.written).toEqual(["done\n"]);
});

test("what moves the cursor is not printed", () => {
  expect(printable("a\u001B[2Jb\u0007\n\u202Ec")).toBe("a\uFFFD[2Jb\uFFFD\uFFFD\uFFFDc");
  expect(printable("नमस्ते 👩‍💻 é")).toBe("नमस्ते 👩‍💻 é");
});

test("a terminal keeps the colours of this program alone", () => {
  const [out, err] = [recorder(true), recorder(false)];
  const stdout = Object.assign(out.stream, { hasColors: () => true });
  const terminal = terminalOf({ stdout, stderr: err.stream }, {});
  terminal.line(`${terminal.style("red", "x")}\u001B[2J`);
  terminal.note("a\u001B[31m\nb");
  expect(out.written).toEqual(["\u001B[31mx\u001B[39m\uFFFD[2J\n"]);
  expect(err.written).toEqual(["a\uFFFD[31m\nb\n"]);
});

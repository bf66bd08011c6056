import { readFileSync } from "node:fs";
import { parseSync, Visitor, type ParseResult } from "rolldown/utils";

/** What one file of product code comes to. Paths are from the root of the checkout. */
export interface SourceFile {
  readonly path: string;
  readonly lines: number;
  /** Lines that hold a comment and no code. */
  readonly commentLines: number;
  readonly exports: number;
  /** Exports with a doc comment right before them. */
  readonly documentedExports: number;
  /** Functions with more than four positional parameters, as `path:line`. */
  readonly wideFunctions: readonly string[];
  /** What it imports or exports again, types too, as written: `./retry.ts`, `node:fs`. */
  readonly imports: readonly string[];
}

const MAX_POSITIONAL = 4;

/** Reads and counts one file with the bundler's own parser, which knows all of TypeScript's syntax. */
export const readSource = (root: string, path: string): SourceFile =>
  sourceFile(path, readFileSync(`${root}/${path}`, "utf8"));

/** Counts a file whose text is at hand. Throws where the text is no TypeScript. */
export function sourceFile(path: string, text: string): SourceFile {
  const parsed = parseSync(path, text);
  const [error] = parsed.errors;
  if (error !== undefined) throw new Error(`${path}: ${error.message}`);
  const seen = visited(parsed);
  const own = exportsOf(parsed);
  return {
    path,
    lines: linesIn(text),
    commentLines: commentLinesIn(parsed, text),
    exports: own.reduce((sum, { names }) => sum + names, 0),
    documentedExports: own
      .filter(({ start }) => isDocumented(parsed, text, start))
      .reduce((sum, { names }) => sum + names, 0),
    wideFunctions: seen.wideAt.map((start) => `${path}:${linesIn(text.slice(0, start))}`),
    imports: seen.imports,
  };
}

const linesIn = (text: string): number =>
  text === "" ? 0 : text.split("\n").length - (text.endsWith("\n") ? 1 : 0);

/** A line counts when nothing is left of it without its comments, and something was there before. */
function commentLinesIn({ comments }: ParseResult, text: string): number {
  let code = text;
  for (const { start, end } of comments) {
    const blank = text.slice(start, end).replaceAll(/[^\n]/g, " ");
    code = code.slice(0, start) + blank + code.slice(end);
  }
  const codeLines = code.split("\n");
  return text.split("\n").filter((line, at) => line.trim() !== "" && codeLines[at]?.trim() === "")
    .length;
}

/** Each exported declaration of the file itself and how many names it exports; no names of others. */
function exportsOf({ program }: ParseResult): { start: number; names: number }[] {
  return program.body.flatMap((node) => {
    if (node.type === "ExportDefaultDeclaration") return [{ start: node.start, names: 1 }];
    if (node.type !== "ExportNamedDeclaration" || node.source !== null) return [];
    const { declaration, specifiers } = node;
    const names =
      declaration?.type === "VariableDeclaration"
        ? declaration.declarations.length
        : specifiers.length + (declaration === null ? 0 : 1);
    return [{ start: node.start, names }];
  });
}

const isDocumented = ({ comments }: ParseResult, text: string, start: number): boolean =>
  comments.some(
    ({ type, value, end }) =>
      type === "Block" &&
      value.startsWith("*") &&
      end <= start &&
      text.slice(end, start).trim() === "",
  );

/** All that can stand anywhere in a file: functions, `import()` as a call and as a type. */
function visited({ program }: ParseResult): { wideAt: number[]; imports: string[] } {
  const wideAt: number[] = [];
  const imports: string[] = [];
  const count = ({ start, params }: { start: number; params: readonly unknown[] }): void => {
    if (params.length > MAX_POSITIONAL) wideAt.push(start);
  };
  const take = (source: { value: unknown } | null): void => {
    if (typeof source?.value === "string") imports.push(source.value);
  };
  new Visitor({
    FunctionDeclaration: count,
    FunctionExpression: count,
    ArrowFunctionExpression: count,
    ImportDeclaration: ({ source }) => take(source),
    ExportNamedDeclaration: ({ source }) => take(source),
    ExportAllDeclaration: ({ source }) => take(source),
    ImportExpression: ({ source }) => {
      if (source.type === "Literal") take(source);
    },
    TSImportType: ({ source }) => take(source),
  }).visit(program);
  return { wideAt, imports: [...new Set(imports)] };
}

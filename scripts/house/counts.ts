import { globSync } from "node:fs";
import { dirname, posix } from "node:path";
import { arrowsIn, circlesIn, floorsOf, grouped, type Graph } from "./graph.ts";
import { readSource, type SourceFile } from "./source-file.ts";

/** What a folder of sources comes to: its files, and what they export. */
export interface Sizes {
  readonly files: number;
  readonly lines: number;
  readonly medianLines: number;
  readonly p90Lines: number;
  readonly maxLines: number;
  readonly filesUnder20Lines: number;
  readonly filesInRoot: number;
  readonly fullestFolder: string;
  readonly filesInFullestFolder: number;
  readonly exports: number;
  readonly documentedPercent: number;
  readonly commentPercent: number;
  readonly wideFunctions: readonly string[];
}

/** How the rooms of one service hang together. */
export interface Rooms {
  readonly rooms: number;
  readonly floors: number;
  readonly arrows: number;
  readonly circles: readonly (readonly string[])[];
  readonly circlesOfFiles: readonly (readonly string[])[];
}

/** Product files below a folder such as `cli/src`; tests and loads beside the code are none. */
export const productIn = (root: string, folder: string): readonly SourceFile[] =>
  globSync(`${folder}/**/*.ts`, { cwd: root })
    .filter((path) => !/\.(test|long|load)\.ts$/.test(path))
    .toSorted()
    .map((path) => readSource(root, path));

/** Throws where there is nothing to count. */
export function sizesOf(files: readonly SourceFile[], folder: string): Sizes {
  if (files.length === 0) throw new Error(`${folder}: no .ts file, expected a service or library`);
  const byLines = files.map(({ lines }) => lines).toSorted((a, b) => a - b);
  const quantile = (share: number): number => byLines[Math.ceil(share * byLines.length) - 1] ?? 0;
  const folders = Map.groupBy(files, ({ path }) => dirname(path));
  const [fullest = folder, inFullest = []] =
    [...folders].toSorted(([, one], [, other]) => other.length - one.length)[0] ?? [];
  const sum = (of: (file: SourceFile) => number): number =>
    files.reduce((total, file) => total + of(file), 0);
  const lines = sum((file) => file.lines);
  const exports = sum((file) => file.exports);
  return {
    files: files.length,
    lines,
    medianLines: quantile(0.5),
    p90Lines: quantile(0.9),
    maxLines: quantile(1),
    filesUnder20Lines: byLines.filter((count) => count < 20).length,
    filesInRoot: folders.get(folder)?.length ?? 0,
    fullestFolder: posix.relative(folder, fullest) || ".",
    filesInFullestFolder: inFullest.length,
    exports,
    documentedPercent: Math.round(
      (100 * sum((file) => file.documentedExports)) / Math.max(1, exports),
    ),
    commentPercent: Math.round((100 * sum((file) => file.commentLines)) / Math.max(1, lines)),
    wideFunctions: files.flatMap(({ wideFunctions }) => wideFunctions),
  };
}

/**
 * A room is a child of `src/`: a folder with all that is below it, or a file that stands in the root.
 * An arrow goes from one room to another when a file of the one imports a file of the other, be it
 * only a type. Imports of other packages are no arrows.
 */
export function roomsOf(files: readonly SourceFile[], folder: string): Rooms {
  const graph: Graph = new Map(files.map((file) => [file.path, new Set(neighbours(file, files))]));
  const rooms = grouped(graph, (path) => posix.relative(folder, path).split("/", 1)[0] ?? path);
  return {
    rooms: rooms.size,
    floors: floorsOf(rooms),
    arrows: arrowsIn(rooms),
    circles: circlesIn(rooms),
    circlesOfFiles: circlesIn(graph),
  };
}

const neighbours = ({ path, imports }: SourceFile, files: readonly SourceFile[]): string[] =>
  imports
    .filter((name) => name.startsWith("."))
    .map((name) => posix.join(dirname(path), name))
    .filter((target) => target !== path && files.some((file) => file.path === target));

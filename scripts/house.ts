/**
 * Counts how the product is laid out (`npm run house`), so that a change of the layout can be compared:
 * `node scripts/house.ts --root ../another-checkout`, or `--json` for programs. Its numbers are defined in
 * house/counts.ts; product code is that of the services, the libraries and the command line, without tests.
 */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { productIn, roomsOf, sizesOf, type Rooms, type Sizes } from "./house/counts.ts";

const SERVICES = ["services/subscriptions/src", "services/dispatcher/src"];
const FOLDERS = [...SERVICES, "libs/contracts/src", "libs/runtime/src", "cli/src"];

/** Counts of one checkout, by folder. */
export interface House {
  readonly productLines: number;
  readonly sizes: Readonly<Record<string, Sizes>>;
  readonly rooms: Readonly<Record<string, Rooms>>;
}

/** Counts the checkout at `root`. Throws where one of its folders of sources is missing or no TypeScript. */
export function houseAt(root: string): House {
  const files = FOLDERS.map((folder) => [folder, productIn(root, folder)] as const);
  const sizes = Object.fromEntries(files.map(([folder, of]) => [folder, sizesOf(of, folder)]));
  const rooms = files.filter(([folder]) => SERVICES.includes(folder));
  return {
    productLines: Object.values(sizes).reduce((sum, { lines }) => sum + lines, 0),
    sizes,
    rooms: Object.fromEntries(rooms.map(([folder, of]) => [folder, roomsOf(of, folder)])),
  };
}

const SIZE_COLUMNS: Readonly<Record<string, (sizes: Sizes) => number | string>> = {
  files: (of) => of.files,
  lines: (of) => of.lines,
  median: (of) => of.medianLines,
  p90: (of) => of.p90Lines,
  max: (of) => of.maxLines,
  "< 20 lines": (of) => of.filesUnder20Lines,
  "in the root": (of) => of.filesInRoot,
  "fullest folder": (of) => `${of.fullestFolder} (${of.filesInFullestFolder})`,
  exports: (of) => of.exports,
  documented: (of) => `${of.documentedPercent} %`,
  "comment lines": (of) => `${of.commentPercent} %`,
  "> 4 parameters": (of) => of.wideFunctions.length,
};

const ROOM_COLUMNS: Readonly<Record<string, (rooms: Rooms) => number>> = {
  rooms: (of) => of.rooms,
  floors: (of) => of.floors,
  arrows: (of) => of.arrows,
  "circles of rooms": (of) => of.circles.length,
  "circles of files": (of) => of.circlesOfFiles.length,
};

/** The counts as Markdown, with the members of every circle and each function of too many parameters. */
export function markdownOf({ productLines, sizes, rooms }: House): string {
  const circles = Object.entries(rooms).flatMap(([folder, of]) => [
    ...of.circles.map((nodes) => `- circle of rooms in ${folder}: ${nodes.join(", ")}`),
    ...of.circlesOfFiles.map((nodes) => `- circle of files: ${nodes.join(", ")}`),
  ]);
  const wide = Object.values(sizes).flatMap(({ wideFunctions }) =>
    wideFunctions.map((place) => `- more than four parameters: ${place}`),
  );
  return [
    table(sizes, SIZE_COLUMNS),
    table(rooms, ROOM_COLUMNS),
    `Lines of product code: ${productLines}`,
    [...circles, ...wide].join("\n"),
  ]
    .filter((part) => part !== "")
    .join("\n\n");
}

function table<Of>(
  rows: Readonly<Record<string, Of>>,
  columns: Readonly<Record<string, (of: Of) => number | string>>,
): string {
  const lines = Object.entries(rows).map(([name, of]) => [
    name,
    ...Object.values(columns).map((cell) => cell(of)),
  ]);
  const names = Object.keys(columns);
  return [["", ...names], ["---", ...names.map(() => "---:")], ...lines]
    .map((cells) => `| ${cells.join(" | ")} |`)
    .join("\n");
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      root: { type: "string", default: resolve(import.meta.dirname, "..") },
      json: { type: "boolean", default: false },
    },
  });
  const house = houseAt(resolve(values.root));
  console.log(values.json ? JSON.stringify(house, null, 2) : markdownOf(house));
}

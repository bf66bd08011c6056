import { median } from "./percentiles.ts";

/** What a figure is to reach; `none`: it is told, and nothing is asked of it. */
export type Wanted =
  | { readonly kind: "at_least"; readonly value: number }
  | { readonly kind: "at_most"; readonly value: number }
  | { readonly kind: "none" };

/** One number that a scenario measured. */
export type Figure = {
  /** What it is, with its circumstances: "1 KiB, 100 endpoints: deliveries per CPU-second". */
  readonly name: string;
  /** The median of the rounds. */
  readonly reached: number;
  /** Each round's own value: how far apart they are tells how far to trust the median. */
  readonly rounds: readonly number[];
  readonly unit: Unit;
  readonly wanted: Wanted;
};

export type Unit = "ratio" | "ms" | "s" | "per second" | "MiB" | "bytes" | "count" | "percent";

export type Verdict = "ok" | "MISSED" | "";

/** A figure of several rounds, each with a value of its own. */
export const figure = (
  name: string,
  rounds: readonly number[],
  unit: Unit,
  wanted: Wanted = { kind: "none" },
): Figure => ({ name, reached: median(rounds), rounds, unit, wanted });

export const atLeast = (value: number): Wanted => ({ kind: "at_least", value });
export const atMost = (value: number): Wanted => ({ kind: "at_most", value });

/** Whether a figure is what was wanted; what could not be measured is missed. */
export const verdictOf = ({ reached, wanted }: Figure): Verdict => {
  switch (wanted.kind) {
    case "none":
      return "";
    case "at_least":
      return reached >= wanted.value ? "ok" : "MISSED";
    case "at_most":
      return reached <= wanted.value ? "ok" : "MISSED";
    default:
      return wanted satisfies never;
  }
};

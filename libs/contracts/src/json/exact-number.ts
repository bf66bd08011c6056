declare global {
  interface JSON {
    /** Writes a number's text as it is (ECMAScript, JSON.parse source text access). */
    rawJSON: (text: string) => unknown;
  }
}

/** A number of JSON as it was written, for numbers from 2^53 up, which a double may not hold. */
export class ExactNumber {
  readonly text: string;
  #decimal: Decimal | undefined;

  constructor(text: string) {
    this.text = text;
  }

  /** The same digits again in `JSON.stringify`. */
  toJSON(): unknown {
    return JSON.rawJSON(this.text);
  }

  /** Computed once: a filter may compare the same number many times. */
  get decimal(): Decimal | undefined {
    this.#decimal ??= decimalOf(this.text);
    return this.#decimal;
  }
}

export type JsonNumber = number | ExactNumber;

export const isJsonNumber = (value: unknown): value is JsonNumber =>
  typeof value === "number" || value instanceof ExactNumber;

/**
 * Negative where `a` is less than `b`, 0 where they are equal, else positive; NaN where one is no finite number. Two
 * doubles compare as doubles; with an ExactNumber, all digits count.
 */
export const compareNumbers = (a: JsonNumber, b: JsonNumber): number => {
  if (typeof a === "number" && typeof b === "number") {
    return a === b ? 0 : a < b ? -1 : a > b ? 1 : Number.NaN;
  }
  const [x, y] = [exactly(a), exactly(b)];
  if (x === undefined || y === undefined) return Number.NaN;
  if (x.sign !== y.sign) return x.sign - y.sign;
  return x.sign < 0 ? compareSizes(y, x) : compareSizes(x, y);
};

/** `sign` × 0.`digits` × 10^`magnitude`; the digits begin and end with another one than 0. */
type Decimal = { readonly sign: number; readonly digits: string; readonly magnitude: number };

const exactly = (number: JsonNumber): Decimal | undefined =>
  typeof number === "number" ? decimalOf(String(number)) : number.decimal;

const NUMBER = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

const decimalOf = (text: string): Decimal | undefined => {
  const [, minus, whole = "", fraction = "", exponent = "0"] = NUMBER.exec(text) ?? [];
  if (minus === undefined) return undefined;
  const all = whole + fraction;
  // Not a regular expression: looking for zeros before the end takes quadratic time.
  let [start, end] = [0, all.length];
  while (start < end && all[start] === "0") start += 1;
  while (end > start && all[end - 1] === "0") end -= 1;
  if (start === end) return { sign: 0, digits: "", magnitude: 0 };
  return {
    sign: minus === "" ? 1 : -1,
    digits: all.slice(start, end),
    magnitude: whole.length - start + Number(exponent), // exact to 2^53
  };
};

const compareSizes = (a: Decimal, b: Decimal): number => {
  if (a.magnitude !== b.magnitude) return a.magnitude - b.magnitude;
  return a.digits === b.digits ? 0 : a.digits < b.digits ? -1 : 1;
};

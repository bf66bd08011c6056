/** TCP ports from `first` to `last`, both included. */
export type PortRange = { readonly first: number; readonly last: number };

const MAX_PORT = 65_535;

/** The range in a text such as `443` or `9000-9100`; undefined for any other text. */
export const portRangeOf = (text: string): PortRange | undefined => {
  const [, from = "", to = from] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? [];
  const range = { first: Number(from), last: Number(to) };
  const isRange = range.first >= 1 && range.first <= range.last && range.last <= MAX_PORT;
  return isRange ? range : undefined;
};

/** True when the port lies in one of the ranges. */
export const isPortIn = (port: number, ranges: readonly PortRange[]): boolean =>
  ranges.some(({ first, last }) => first <= port && port <= last);

/** The ranges as an operator writes them: `443, 8443, 9000-9100`. */
export const portsText = (ranges: readonly PortRange[]): string =>
  ranges.map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`)).join(", ");

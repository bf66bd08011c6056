/** A value as people read it, in one of the units that the panels have. */
export const shownValue = (value: number, unit: string): string => {
  if (!Number.isFinite(value)) return "–";
  switch (unit) {
    case "percentunit":
      return `${digits(value * 100)} %`;
    case "s":
      return Math.abs(value) < 1 ? `${digits(value * 1_000)} ms` : `${digits(value)} s`;
    case "bytes":
      return inBytes(value);
    case "reqps":
    case "ops":
      return `${digits(value)}/s`;
    case "bool":
      return ["no", "yes"][value] ?? "";
    case "short":
      return value >= 10_000 ? `${digits(value / 1_000)} K` : digits(value);
    default:
      throw new Error(`'${unit}' is no unit of a panel, expected s, bytes, percentunit or others`);
  }
};

const digits = (value: number): string =>
  String(Number(value.toFixed(Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2)));

const inBytes = (value: number): string => {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let [rest, n] = [value, 0];
  while (rest >= 1_024 && n < units.length - 1) [rest, n] = [rest / 1_024, n + 1];
  return `${digits(rest)} ${units[n]}`;
};

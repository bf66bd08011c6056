const whole = new Intl.NumberFormat(undefined);
const compact = new Intl.NumberFormat(undefined, { notation: "compact", maximumFractionDigits: 1 });

/** A count for people; null shows as a dash, which is not the same as 0. */
export const countText = (count: number | null | undefined): string =>
  count === null || count === undefined ? "–" : whole.format(count);

/** A count in little room, such as `12.3K`. */
export const shortCountText = (count: number | null | undefined): string =>
  count === null || count === undefined ? "–" : compact.format(count);

/** A share of 0 to 1 as percent: `99.98 %`. It is never rounded up to 100, nor down to 0. */
export const percentText = (share: number | null | undefined): string => {
  if (share === null || share === undefined || Number.isNaN(share)) return "–";
  const percent = share * 100;
  if (percent > 99.99 && percent < 100) return "> 99.99 %";
  if (percent < 0.01 && percent > 0) return "< 0.01 %";
  return `${Number(percent.toFixed(2))} %`;
};

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

/** A size in bytes, such as `1.5 MiB`. */
export const bytesText = (bytes: number | null | undefined): string => {
  if (bytes === null || bytes === undefined) return "–";
  let size = bytes;
  let unit = 0;
  while (size >= 1024 && unit < UNITS.length - 1) {
    size /= 1024;
    unit += 1;
  }
  return `${Number(size.toFixed(size < 10 ? 1 : 0))} ${UNITS[unit]}`;
};

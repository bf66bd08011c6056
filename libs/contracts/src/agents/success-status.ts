/** Which HTTP statuses acknowledge an event. */
export type SuccessStatus = (status: number) => boolean;

/** The rule in a text such as `200`, `200,202` or `2xx`; undefined for an invalid one. */
export const parseSuccessStatus = (text: string): SuccessStatus | undefined => {
  const parts = text.split(",").map((part) => part.trim());
  const ranges = parts.map((part): readonly [number, number] | undefined => {
    const digits = /^([1-5])(?:xx|(\d\d))$/.exec(part);
    if (!digits) return undefined;
    const hundred = Number(digits[1]) * 100;
    const exact = hundred + Number(digits[2]);
    return digits[2] === undefined ? [hundred, hundred + 99] : [exact, exact];
  });
  if (ranges.includes(undefined)) return undefined;
  return (status) => ranges.some((range) => range && status >= range[0] && status <= range[1]);
};

/** The variable that says how far the clock of a process is ahead of this machine's, in ms. */
export const CLOCK_AHEAD_MS = "CLOCK_AHEAD_MS";

/** From here on this process has a clock of its own; its monotonic one is as it was. */
export const setClock = (): void => {
  const RealDate = Date;
  const aheadMs = Number(process.env[CLOCK_AHEAD_MS] ?? 0);
  const nowMs = (): number => RealDate.now() + aheadMs;
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, args: unknown[]) =>
      args.length === 0 ? new target(nowMs()) : Reflect.construct(target, args),
    get: (target, name) => (name === "now" ? nowMs : (Reflect.get(target, name) as unknown)),
  });
};

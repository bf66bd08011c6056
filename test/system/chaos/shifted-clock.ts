/** Preloaded into a process (`--import`), it makes its wall clock wrong by CLOCK_OFF_MS; monotonic time stays. */
const offMs = Number(process.env["CLOCK_OFF_MS"] ?? 0);
const RealDate = Date;

globalThis.Date = new Proxy(RealDate, {
  construct: (target, args, newTarget: new () => Date) =>
    Reflect.construct(target, args.length === 0 ? [target.now() + offMs] : args, newTarget) as Date,
  apply: () => new Date().toString(),
  get: (target, name, receiver) =>
    name === "now" ? () => target.now() + offMs : (Reflect.get(target, name, receiver) as unknown),
});

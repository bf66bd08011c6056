import pino, { type Logger } from "pino";

export type { Logger };

/** Logs of one service: pino JSON lines on stdout, times in RFC 3339, errors with their causes. */
export const createLogger = (service: string, level: string): Logger =>
  pino({
    level,
    base: { service },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    serializers: { err: pino.stdSerializers.errWithCause },
  });

import pino, { type Logger } from "pino";

export type { Logger };

/**
 * Logs of one service: pino JSON lines on stdout, times in RFC 3339, errors with their causes. Each line says which
 * version of the service wrote it and, where the environment names it, in which pod (Kubernetes sets HOSTNAME to it).
 */
export const createLogger = (service: string, level: string, version?: string): Logger =>
  pino({
    level,
    base: { service, version, pod: process.env["POD_NAME"] ?? process.env["HOSTNAME"] },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    serializers: { err: pino.stdSerializers.errWithCause },
  });

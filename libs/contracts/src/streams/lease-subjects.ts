import { token } from "./subjects.ts";

/** Tasks that only one process does at a time. */
export const LEASES = {
  retryReconciler: "overdue_watch",
  healthEvaluation: "endpoint_watch",
  redelivery: "redelivery",
} as const;

export type LeaseName = (typeof LEASES)[keyof typeof LEASES];

/** The last message names the holder; without a message, the lease is free. */
export const leaseSubject = (name: LeaseName): string => `leases.${name}`;

/** The messages that dispatchers are about to read. */
export const READING_NOTES = "leases.reading.*";

/** One subject per dispatcher; the last message names the message that it reads. */
export const readingNoteSubject = (dispatcherId: string): string =>
  `leases.reading.${token(dispatcherId)}`;

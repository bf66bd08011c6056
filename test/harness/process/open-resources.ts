interface OpenResource {
  readonly what: string;
  readonly close: () => unknown;
}

const open = new Set<OpenResource>();

/**
 * Notes that something must be closed before the test file ends; call what is returned when it is.
 * `close` is for the tear-down that found it left over.
 */
export function trackOpen(what: string, close: () => unknown): () => void {
  const resource = { what, close };
  open.add(resource);
  return () => {
    open.delete(resource);
  };
}

/** What the harness started and nobody has stopped, described. */
export function openResources(): readonly string[] {
  return [...open].map(({ what }) => what);
}

/** Closes what is left over, so that one leak is reported once and does not hold up other files. */
export async function closeOpenResources(): Promise<void> {
  const left = [...open];
  open.clear();
  await Promise.allSettled(left.map(async ({ close }) => close()));
}

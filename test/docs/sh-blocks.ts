/** A piece of a document that a reader may paste into a shell. */
export type ShBlock = {
  /** Where it begins, for messages: `docs/api/index.md:12`. */
  readonly place: string;
  readonly code: string;
  /** Statuses that the text says its calls are answered with: `# → 422`. */
  readonly expected: readonly number[];
};

/** The ```sh blocks of a document that call the API, as `$api`. */
export const apiBlocks = (file: string, markdown: string): ShBlock[] => {
  const blocks: ShBlock[] = [];
  for (const match of markdown.matchAll(/^```sh\n([\s\S]*?)^```$/gm)) {
    const [, code = ""] = match;
    if (!/\$\{?api\b/.test(code)) continue;
    const line = markdown.slice(0, match.index).split("\n").length;
    const expected = [...code.matchAll(/# → (\d{3})\b/g)].map(([, status]) => Number(status));
    blocks.push({ place: `${file}:${line}`, code, expected });
  }
  return blocks;
};

/** What a block comes to in this stack: its addresses and its key are the test's. */
export const inThisStack = (code: string, receiverUrl: string): string =>
  code
    .replaceAll(/^(?:export )?(?:api|KEY)=.*\n/gm, "")
    .replaceAll(/https:\/\/[\w.-]*\bexample\.com(?=[/"'?\s])/g, receiverUrl);

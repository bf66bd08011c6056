import { printable } from "./printable.ts";

const INDENT = "  ";

/**
 * A JSON text over several lines. Its numbers, escapes and keys stay as they were written: `JSON.stringify` would
 * round a number beyond 2^53. What is no JSON stays as it is, but for control characters.
 */
export const prettyJson = (text: string): string => {
  try {
    JSON.parse(text);
  } catch {
    return text.split(/\r?\n/).map(printable).join("\n");
  }
  // In JSON every token begins where the one before ends, but for spaces.
  const tokens = text.match(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g) ?? [];
  let depth = 0;
  let pretty = "";
  for (const [n, token] of tokens.entries()) {
    const isEmpty = isClose(tokens[n + 1]) && isOpen(token);
    if (isOpen(token)) {
      depth += 1;
      pretty += isEmpty ? token : `${token}\n${INDENT.repeat(depth)}`;
    } else if (isClose(token)) {
      depth -= 1;
      pretty += isOpen(tokens[n - 1]) ? token : `\n${INDENT.repeat(depth)}${token}`;
    } else if (token === ",") pretty += `,\n${INDENT.repeat(depth)}`;
    else pretty += token === ":" ? ": " : printable(token);
  }
  return pretty;
};

const isOpen = (token: string | undefined): boolean => token === "{" || token === "[";
const isClose = (token: string | undefined): boolean => token === "}" || token === "]";

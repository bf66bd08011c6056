/**
 * Indents JSON without reading its values: numbers, escapes and the order of keys stay as they are written, also numbers
 * beyond 2^53. What is no JSON is given back as it is.
 */
export const indentedJson = (text: string): string => {
  const tokens = text.match(TOKEN);
  if (tokens === null || !isJson(text)) return text;
  let depth = 0;
  let out = "";
  tokens.forEach((token, at) => {
    if (token === "}" || token === "]") {
      depth -= 1;
      const isEmpty = tokens[at - 1] === "{" || tokens[at - 1] === "[";
      out += isEmpty ? token : `\n${"  ".repeat(depth)}${token}`;
    } else if (token === "," || token === ":") {
      out += token === "," ? `,\n${"  ".repeat(depth)}` : ": ";
    } else {
      const isFirst = tokens[at - 1] === "{" || tokens[at - 1] === "[";
      out += (isFirst ? `\n${"  ".repeat(depth)}` : "") + token;
      if (token === "{" || token === "[") depth += 1;
    }
  });
  return out;
};

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g;

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

/** A text without some of its escapes, its case and spacing, with the position of each character. */
export type Plain = {
  /** UTF-16, as they are compared. */
  readonly codes: Uint16Array;
  /** The start and end of each one's spelling in the text. */
  readonly from: Uint32Array;
  readonly to: Uint32Array;
};

/** A text that is escaped more often than this was not escaped by accident. */
const MAX_DEPTH = 8;

/** What begins the escapes of URLs and forms; of JSON, JavaScript and C; of HTML. */
const KINDS = ["%", "\\", "&"] as const;

/** All escapes that begin with one of these characters. All are of bounded length. */
const escapesOf = (first: string): RegExp =>
  new RegExp(
    `(?=[${first}])(?:` +
      String.raw`%u([0-9a-f]{4})|((?:%[c-f][0-9a-f](?:%[89ab][0-9a-f]){1,3}))|%([0-9a-f]{2})|` +
      String.raw`\\u\{([0-9a-f]{1,6})\}|\\u([0-9a-f]{4})|\\x([0-9a-f]{2})|\\([bfnrtv]|[^\w\s])|\\([0-3]?[0-7]{1,2})|` +
      String.raw`&#x0{0,8}([0-9a-f]{1,6});?|&#0{0,8}(\d{1,7});?|&([a-z]{2,8});)`,
    "gi",
  );

const ANY = escapesOf("%\\\\&");
const OF_KIND = { "%": escapesOf("%"), "\\": escapesOf("\\\\"), "&": escapesOf("&") } as const;

/** HTML's names of ASCII characters. */
const NAMED: ReadonlyMap<string, string> = new Map(
  (
    "amp & lt < gt > quot \" apos ' sol / bsol \\ plus + equals = num # percnt % dollar $ ast * comma , " +
    "period . semi ; colon : excl ! quest ? commat @ lowbar _ hyphen - dash - hat ^ grave ` vert | " +
    "verbar | lpar ( rpar ) lsqb [ rsqb ] lbrack [ rbrack ] lcub { rcub } lbrace { rbrace }"
  )
    .split(" ")
    .flatMap((name, n, all) => (n % 2 === 0 ? [[name, all[n + 1] ?? ""] as const] : [])),
).set("nbsp", " ");

/**
 * Brings all ways of writing a text to one: in upper or lower case (folded as Unicode says), with `+` for a
 * space or base64 in its two alphabets, broken into lines or not. First as it stands, then without one layer
 * of escapes after the other: the text around a secret may look like a part of an escape. A secret that holds
 * an escape itself loses it with a layer of another kind, so that up to two layers are taken off kind by kind,
 * too.
 */
export const plainsOf = (text: string): readonly Plain[] => {
  const spellings = layersOf(text);
  const seen = new Set(spellings.map((spelled) => spelled.text));
  const withoutKinds = (spelled: Spelled): Spelled[] =>
    KINDS.flatMap((kind) => {
      const without = unescaped(spelled, OF_KIND[kind]);
      if (without === undefined || seen.has(without.text)) return [];
      seen.add(without.text);
      return [without];
    });
  if (KINDS.filter((kind) => text.includes(kind)).length > 1) {
    const once = withoutKinds({ text, from: undefined, to: undefined });
    spellings.push(...once, ...once.flatMap(withoutKinds));
  }
  return spellings.map(folded);
};

/** The text as it stands, then without one layer of escapes after the other. */
const layersOf = (text: string): Spelled[] => {
  let layer: Spelled | undefined = { text, from: undefined, to: undefined };
  const layers: Spelled[] = [];
  for (; layer !== undefined && layers.length <= MAX_DEPTH; layer = unescaped(layer, ANY)) {
    layers.push(layer);
  }
  return layers;
};

/** Without `from` and `to`, each character is its own spelling. */
type Spelled = {
  readonly text: string;
  readonly from: readonly number[] | undefined;
  readonly to: readonly number[] | undefined;
};

/** Every escape begins with one of these. */
const MAY_BE_ESCAPED = /[%&\\]/;

const unescaped = ({ text, from, to }: Spelled, escapes: RegExp): Spelled | undefined => {
  if (!MAY_BE_ESCAPED.test(text)) return undefined; // most texts
  const pieces: string[] = [];
  const starts: number[] = [];
  const ends: number[] = [];
  let done = 0;
  const keepUpTo = (end: number): void => {
    pieces.push(text.slice(done, end));
    for (let at = done; at < end; at += 1) {
      starts.push(from?.[at] ?? at);
      ends.push(to?.[at] ?? at + 1);
    }
    done = end;
  };
  for (const match of text.matchAll(escapes)) {
    const [escape] = match;
    const meant = meantBy(match);
    if (meant === undefined) continue;
    keepUpTo(match.index);
    done = match.index + escape.length;
    pieces.push(meant);
    for (let n = 0; n < meant.length; n += 1) {
      starts.push(from?.[match.index] ?? match.index);
      ends.push(to?.[done - 1] ?? done);
    }
  }
  if (done === 0) return undefined;
  keepUpTo(text.length);
  return { text: pieces.join(""), from: starts, to: ends };
};

/** `\n` and the like: a line may be broken anywhere. */
const CONTROL = /^[bfnrtv]$/i;

const meantBy = (escape: RegExpExecArray): string | undefined => {
  const [, wide, utf8, byte, long, unit, hex, itself, octal, htmlHex, html, name] = escape;
  if (utf8 !== undefined) return fromUtf8(utf8);
  const coded = wide ?? byte ?? long ?? unit ?? hex ?? htmlHex;
  if (coded !== undefined) return character(Number.parseInt(coded, 16));
  if (octal !== undefined) return character(Number.parseInt(octal, 8));
  if (html !== undefined) return character(Number(html));
  if (itself !== undefined) return CONTROL.test(itself) ? "\n" : itself;
  return name === undefined ? undefined : NAMED.get(name.toLowerCase());
};

const character = (code: number): string | undefined =>
  code <= 0x10_ff_ff ? String.fromCodePoint(code) : undefined;

const fromUtf8 = (escaped: string): string => {
  try {
    return decodeURIComponent(escaped);
  } catch {
    return escaped.replaceAll(
      /%(..)/g,
      (_, hex: string) => character(Number.parseInt(hex, 16)) ?? "",
    );
  }
};

const SPACE = 0x20;
const DASH = 0x2d;
const SLASH = 0x2f;

/** How a secret is compared: with all its escapes, and without any. */
export const comparedOf = (text: string): readonly Uint16Array[] => {
  const without = layersOf(text).at(-1)?.text ?? text;
  return (without === text ? [text] : [text, without]).map(codesOf);
};

/** No character is longer when it is folded. */
const MAX_UNITS = 3;

/** The codes of a text as they are compared; its escapes stay. */
export const codesOf = (text: string): Uint16Array => {
  const codes = new Uint16Array(text.length * MAX_UNITS);
  let length = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code >= 0x80) for (const unit of foldedBeyond(text.charAt(at))) codes[length++] = unit;
    else if (code >= SPACE) codes[length++] = FOLDED_ASCII[code] ?? code; // a line may be broken anywhere
  }
  return codes.subarray(0, length);
};

const folded = ({ text, from, to }: Spelled): Plain => {
  const codes = codesOf(text);
  const [starts, ends] = [new Uint32Array(codes.length), new Uint32Array(codes.length)];
  let length = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    let units = code < SPACE ? 0 : 1;
    if (code >= 0x80) units = foldedBeyond(text.charAt(at)).length;
    for (; units > 0; units -= 1) {
      starts[length] = from?.[at] ?? at;
      ends[length] = to?.[at] ?? at + 1;
      length += 1;
    }
  }
  return { codes, from: starts, to: ends };
};

/** Lower case; a space, `+` and `-` are one, and so are `_` and `/`. */
const foldedAscii = (code: number): number => {
  if (code >= 0x41 && code <= 0x5a) return code + 0x20;
  if (code === SPACE || code === 0x2b) return DASH;
  return code === 0x5f ? SLASH : code;
};

const FOLDED_ASCII = Uint8Array.from({ length: 0x80 }, (_, code) => foldedAscii(code));

const foldedBeyond = (unit: string): readonly number[] =>
  unit === "\u00A0"
    ? [DASH]
    : Array.from(unit.toUpperCase().toLowerCase(), (one) => one.charCodeAt(0));

/**
 * Texts as literals of each language. What a person typed stays readable; what is invisible, or would end or change the
 * literal, is escaped.
 */

/** A function that writes a text as a literal. */
export type Quote = (text: string) => string;

type Escapes = Readonly<Record<string, string>>;

const COMMON: Escapes = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** Controls, invisible marks (direction, joiners, line separators), private use and unassigned: shown as numbers. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}\p{Zl}\p{Zp}]/u;

function quote(mark: string, text: string, own: Escapes, numbered: (point: number) => string): string {
  const escaped = Array.from(text, (char) => {
    const known = own[char] ?? COMMON[char];
    if (known !== undefined) return known;
    return INVISIBLE.test(char) ? numbered(char.codePointAt(0) ?? 0) : char;
  });
  return mark + escaped.join('') + mark;
}

const hex = (point: number, digits: number): string => point.toString(16).padStart(digits, '0');
const units = (point: number): string =>
  Array.from(
    { length: point > 0xffff ? 2 : 1 },
    (_, at) => `\\u${hex(String.fromCodePoint(point).charCodeAt(at), 4)}`,
  ).join('');
const longOrShort = (point: number): string => (point > 0xffff ? `\\U${hex(point, 8)}` : `\\u${hex(point, 4)}`);

export const python: Quote = (text) => quote('"', text, { '"': '\\"' }, longOrShort);
export const javascript: Quote = (text) => quote("'", text, { "'": "\\'" }, units);
export const go: Quote = (text) => quote('"', text, { '"': '\\"' }, longOrShort);
export const csharp: Quote = (text) => quote('"', text, { '"': '\\"' }, longOrShort);

/** Java reads `\u` before it reads strings, so that `\u000a` would end a line: what Latin-1 has is written in octal. */
export const java: Quote = (text) =>
  quote('"', text, { '"': '\\"' }, (point) =>
    point < 0x100 ? `\\${point.toString(8).padStart(3, '0')}` : units(point),
  );

/** PHP fills variables into double quotes; single ones know no escape but their own. */
export const php: Quote = (text) => {
  if (Array.from(text).some((char) => INVISIBLE.test(char))) {
    return quote('"', text, { '"': '\\"', $: '\\$' }, (point) => `\\u{${hex(point, 1)}}`);
  }
  return `'${text.replace(/[\\']/g, '\\$&')}'`;
};

/** A word of a POSIX shell. Nothing inside of single quotes means anything; words that are plain need none. */
export const shell: Quote = (text) =>
  /^[A-Za-z0-9_.,:@%/+=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;

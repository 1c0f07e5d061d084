/** Two strings to sign side by side, in lines a person can compare. */
import { decode } from '../percent.ts';

/** One line of a comparison: in both, only in the first (`ours`), or only in the second (`theirs`). */
export interface DiffLine {
  side: 'both' | 'ours' | 'theirs';
  text: string;
}

const MOST_LINES = 1500;

/** A string to sign of V1, or a canonical request of V3, as lines: each parameter is one. */
export function toLines(text: string): string[] {
  const v1 = /^([A-Z]+)&([^&]*)&(.*)$/s.exec(text);
  if (v1) {
    const [, method = '', path = '', query = ''] = v1;
    return [method, decoded(path), ...splitQuery(decoded(query))];
  }
  const lines = text.split('\n');
  // The third line of a canonical request is its query.
  return lines.length < 4 ? lines : lines.flatMap((line, index) => (index === 2 ? splitQuery(line) : [line]));
}

const splitQuery = (query: string): string[] => (query === '' ? [''] : query.split('&'));

function decoded(text: string): string {
  const result = decode(text.replaceAll('+', '%2B'));
  return 'text' in result ? result.text : text;
}

/** The lines of two texts aligned, by the longest common subsequence. */
export function diffLines(ours: readonly string[], theirs: readonly string[]): DiffLine[] {
  const [a, b] = [ours.slice(0, MOST_LINES), theirs.slice(0, MOST_LINES)];
  const lengths = commonLengths(a, b);
  const at = (i: number, j: number): number => lengths[i]?.[j] ?? 0;
  const out: DiffLine[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    const [left, right] = [a[i], b[j]];
    if (left !== undefined && left === right) {
      out.push({ side: 'both', text: left });
      i += 1;
      j += 1;
    } else if (left !== undefined && (right === undefined || at(i + 1, j) >= at(i, j + 1))) {
      out.push({ side: 'ours', text: left });
      i += 1;
    } else {
      out.push({ side: 'theirs', text: right ?? '' });
      j += 1;
    }
  }
  return out;
}

function commonLengths(a: readonly string[], b: readonly string[]): number[][] {
  const table = Array.from({ length: a.length + 1 }, () => new Array<number>(b.length + 1).fill(0));
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      const row = table[i];
      if (!row) continue;
      row[j] = a[i] === b[j] ? (table[i + 1]?.[j + 1] ?? 0) + 1 : Math.max(table[i + 1]?.[j] ?? 0, row[j + 1] ?? 0);
    }
  }
  return table;
}

/** Where two texts differ: the beginning and end they share, in code points. */
export function pinpoint(ours: string, theirs: string): { start: number; end: number } {
  const [a, b] = [Array.from(ours), Array.from(theirs)];
  const shorter = Math.min(a.length, b.length);
  let start = 0;
  while (start < shorter && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < shorter - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end += 1;
  return { start, end };
}

/** Names of parameters or headers that differ between two texts, each once. */
export function differing(lines: readonly DiffLine[]): string[] {
  const names = lines
    .filter(({ side }) => side !== 'both')
    .map(({ text }) => /^[^=:]*(?=[=:])/.exec(text)?.[0] ?? text);
  return [...new Set(names)];
}

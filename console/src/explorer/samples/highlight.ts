/** Code in coloured pieces. No parser: strings, comments, numbers and a few words are enough to read by. */
import type { Language } from './sample.ts';

/** A piece of code; `plain` has no colour. */
export interface Token {
  kind: 'plain' | 'string' | 'comment' | 'number' | 'keyword' | 'name';
  text: string;
}

export type Syntax = Language['syntax'] | 'json' | 'text';

const STRING = /"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/.source;
const NUMBER = /\b\d[\d.]*\b/.source;

interface Rules {
  comment?: string;
  string?: string;
  keywords: string;
  name?: string;
}

const C_COMMENT = /\/\/[^\n]*/.source;
const HASH_COMMENT = /(?<=^|\s)#[^\n]*/.source;

const RULES: Readonly<Record<Syntax, Rules>> = {
  python: { comment: HASH_COMMENT, keywords: 'import from as def for in if print True False None with return' },
  javascript: { comment: C_COMMENT, keywords: 'import from const new await function return null true false' },
  go: { comment: C_COMMENT, keywords: 'package import func if nil return map string' },
  java: { comment: C_COMMENT, keywords: 'import public class static void throws new' },
  php: { comment: C_COMMENT, keywords: 'use require new echo', name: /\$\w+/.source },
  csharp: { comment: C_COMMENT, keywords: 'using public static class void new var' },
  shell: {
    comment: HASH_COMMENT,
    string: /"(?:[^"\\]|\\[^])*"|'[^']*'/.source,
    keywords: 'set printf curl openssl landfall aliyun sed date',
    name: /(?<=\s)--?[\w.-]+/.source,
  },
  json: { keywords: 'true false null', name: /"(?:[^"\\\n]|\\.)*"(?=\s*:)/.source },
  text: { keywords: '' },
};

/** The pieces of a text, in order; together they are the text. */
export function highlight(syntax: Syntax, text: string): Token[] {
  const rules = RULES[syntax];
  if (syntax === 'text') return [{ kind: 'plain', text }];
  const words = rules.keywords.split(' ').join('|');
  const pattern = new RegExp(
    [
      `(?<comment>${rules.comment ?? '(?!)'})`,
      `(?<name>${rules.name ?? '(?!)'})`,
      `(?<string>${rules.string ?? STRING})`,
      `(?<keyword>\\b(?:${words})\\b)`,
      `(?<number>${NUMBER})`,
    ].join('|'),
    'gm',
  );
  const tokens: Token[] = [];
  let at = 0;
  for (const match of text.matchAll(pattern)) {
    if (match.index > at) tokens.push({ kind: 'plain', text: text.slice(at, match.index) });
    tokens.push({ kind: kindOf(match.groups ?? {}), text: match[0] });
    at = match.index + match[0].length;
  }
  if (at < text.length) tokens.push({ kind: 'plain', text: text.slice(at) });
  return tokens;
}

function kindOf(groups: Readonly<Record<string, string | undefined>>): Token['kind'] {
  const kinds = ['comment', 'name', 'string', 'keyword', 'number'] as const;
  return kinds.find((kind) => groups[kind] !== undefined) ?? 'plain';
}

/** A request as someone pastes it: a curl command, raw HTTP, or only a URL. */
import type { Pair } from '../pairs.ts';
import { headerOf } from '../pairs.ts';
import { encode } from '../percent.ts';
import { splitWords } from './shell.ts';

/** A pasted request, its parts still encoded as they were sent. */
export interface PastedRequest {
  kind: 'curl' | 'http' | 'url';
  method: string;
  /** Where it goes, with the port if it is named; empty if that is not said. */
  host: string;
  path: string;
  /** Without the question mark. */
  rawQuery: string;
  headers: Pair[];
  body: string;
  /** What a shell would have filled in, so that the request cannot be checked as it stands. */
  unfilled: string[];
}

/** Why a text is no request. */
export type PasteProblem = 'empty' | 'tooLong' | 'notARequest' | 'noUrl';

export const LONGEST_PASTE = 256 * 1024;

/** Reads a pasted request. */
export function parsePaste(text: string): PastedRequest | { problem: PasteProblem } {
  const trimmed = text.trim();
  if (trimmed === '') return { problem: 'empty' };
  if (trimmed.length > LONGEST_PASTE) return { problem: 'tooLong' };
  if (/^(?:\$\s+)?curl\s/.test(trimmed)) return fromCurl(trimmed.replace(/^\$\s+/, ''));
  if (/^[A-Za-z]+ [/h]\S*(?: HTTP\/[\d.]+)?\r?(?:\n|$)/.test(trimmed)) return fromHttp(trimmed);
  if (/^(?:https?:\/\/|\/?\?)/i.test(trimmed)) return fromUrl(trimmed.replace(/\s+/g, ''), 'url');
  return { problem: 'notARequest' };
}

function fromUrl(url: string, kind: PastedRequest['kind']): PastedRequest {
  const match = /^(?:[a-z]+:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?/i.exec(url);
  const host = (match?.[1] ?? '').replace(/^.*@/, '');
  const headers: Pair[] = host === '' ? [] : [['Host', withoutDefaultPort(url, host)]];
  const path = match?.[2] === '' || match?.[2] === undefined ? '/' : match[2];
  return { kind, method: 'GET', host, path, rawQuery: match?.[3] ?? '', headers, body: '', unfilled: [] };
}

/** Clients leave the port out of `Host` where it is the scheme's own. */
function withoutDefaultPort(url: string, host: string): string {
  return host.replace(/^https:/i.test(url) ? /:443$/ : /:80$/, '');
}

function fromHttp(text: string): PastedRequest {
  const [head = '', ...rest] = text.replace(/\r\n/g, '\n').split('\n\n');
  const [start = '', ...lines] = head.split('\n');
  const [method = '', target = '/'] = start.split(' ');
  const headers = lines.flatMap((line): Pair[] => {
    const cut = line.indexOf(':', 1);
    return cut < 0 ? [] : [[line.slice(0, cut).trim(), line.slice(cut + 1).trim()]];
  });
  const request = fromUrl(target, 'http');
  const named = headerOf(headers, 'host');
  return {
    ...request,
    method: method.toUpperCase(),
    host: named ?? request.host,
    headers: named === undefined ? [...request.headers, ...headers] : headers,
    body: rest.join('\n\n'),
  };
}

/** curl's options that take no value, as letters and names. Everything else unknown is taken to have one. */
const FLAGS = new Set(
  (
    'silent show-error include verbose location insecure fail compressed http1.1 http2 no-buffer globoff ' +
    'progress-bar fail-with-body no-progress-meter remote-name'
  ).split(' '),
);
const FLAG_LETTERS = /^[sSivLkfgO#N01246]$/;

interface Curl {
  url?: string;
  method?: string;
  headers: Pair[];
  data: string[];
  asQuery: boolean;
}

function fromCurl(text: string): PastedRequest | { problem: PasteProblem } {
  const { words, unfilled } = splitWords(text);
  const curl: Curl = { headers: [], data: [], asQuery: false };
  const rest = words.slice(1);
  while (rest.length > 0) readOption(rest, curl);
  if (curl.url === undefined) return { problem: 'noUrl' };
  const request = fromUrl(/^[a-z]+:\/\//i.test(curl.url) ? curl.url : `http://${curl.url}`, 'curl');
  const data = curl.data.join('&');
  const posts = curl.data.length > 0 && !curl.asQuery;
  const headers = withDefaults(request.headers, curl.headers, posts);
  return {
    ...request,
    method: (curl.method ?? (posts ? 'POST' : 'GET')).toUpperCase(),
    headers,
    rawQuery:
      curl.asQuery && data !== '' ? [request.rawQuery, data].filter((part) => part !== '').join('&') : request.rawQuery,
    body: posts ? data : '',
    unfilled,
  };
}

function withDefaults(own: readonly Pair[], given: readonly Pair[], posts: boolean): Pair[] {
  const headers = own.filter(([name]) => headerOf(given, name) === undefined);
  if (posts && headerOf(given, 'content-type') === undefined) {
    headers.push(['Content-Type', 'application/x-www-form-urlencoded']);
  }
  return [...headers, ...given];
}

function readOption(rest: string[], curl: Curl): void {
  const word = rest.shift() ?? '';
  if (!word.startsWith('-') || word === '-') {
    curl.url ??= word;
    return;
  }
  const { name, attached } = optionName(word);
  if (name === undefined || FLAGS.has(name)) return;
  if (name === 'get' || name === 'G') {
    curl.asQuery = true;
    return;
  }
  if (name === 'head' || name === 'I') {
    curl.method ??= 'HEAD';
    return;
  }
  apply(name, attached ?? rest.shift() ?? '', curl);
}

/** The option of a word: letters may be joined (`-sSX`), and a value may follow its letter at once (`-XPOST`). */
function optionName(word: string): { name: string | undefined; attached: string | undefined } {
  if (word.startsWith('--')) {
    const [name = '', ...value] = word.slice(2).split('=');
    return { name, attached: value.length > 0 ? value.join('=') : undefined };
  }
  let letters = word.slice(1);
  while (FLAG_LETTERS.test(letters.charAt(0))) letters = letters.slice(1);
  if (letters === '') return { name: undefined, attached: undefined };
  return { name: letters.charAt(0), attached: letters.length > 1 ? letters.slice(1) : undefined };
}

function apply(name: string, value: string, curl: Curl): void {
  switch (name) {
    case 'url':
      curl.url ??= value;
      break;
    case 'X':
    case 'request':
      curl.method = value;
      break;
    case 'H':
    case 'header': {
      const cut = value.indexOf(':');
      if (cut > 0) curl.headers.push([value.slice(0, cut).trim(), value.slice(cut + 1).trim()]);
      break;
    }
    case 'A':
    case 'user-agent':
      curl.headers.push(['User-Agent', value]);
      break;
    case 'd':
    case 'data':
    case 'data-ascii':
      curl.data.push(value.replace(/[\r\n]/g, ''));
      break;
    case 'data-raw':
    case 'data-binary':
      curl.data.push(value);
      break;
    case 'json':
      curl.data.push(value);
      curl.headers.push(['Content-Type', 'application/json'], ['Accept', 'application/json']);
      break;
    case 'data-urlencode': {
      const cut = value.indexOf('=');
      curl.data.push(
        cut < 0 ? encode(value) : `${value.slice(0, cut)}=${encode(value.slice(cut + 1))}`.replace(/^=/, ''),
      );
      break;
    }
  }
}

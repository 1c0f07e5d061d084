/** What a refused request was answered: the strings the server signed, where the message tells them. */
import type { Pair } from '../pairs.ts';

/** What is of use in a pasted reply. */
export interface ServerSide {
  code?: string;
  stringToSign?: string;
  canonicalRequest?: string;
  /** The hash of the body that arrived. */
  bodyHash?: string;
  /** Whether the server cut what it shows; then only the beginning can be compared. */
  cut: boolean;
  /** The server's clock, from the header `Date`, in unix seconds. */
  date?: number;
}

/** Reads a reply: headers before it are taken too; JSON, XML or only the message. */
export function parseReply(text: string): ServerSide | undefined {
  const trimmed = text.trim();
  if (trimmed === '') return undefined;
  const date = Date.parse(/^date:\s*(.+?)\s*$/im.exec(trimmed)?.[1] ?? '');
  const { code, message } = body(trimmed);
  const v1 = /server string to sign is:(.*)$/s.exec(message)?.[1];
  const v3 = /server StringToSign is \[(.*?)\] server CanonicalRequest is \[(.*)\]/s.exec(message);
  const hash = /server hash of the body is \[([0-9a-f]+)\]/.exec(message)?.[1];
  const shown = (v3 ? v3[2] : v1?.trim()) ?? '';
  return {
    ...(code !== undefined && { code }),
    ...(v3?.[1] !== undefined && { stringToSign: v3[1] }),
    ...(v1 !== undefined && { stringToSign: uncut(v1.trim()) }),
    ...(v3?.[2] !== undefined && { canonicalRequest: uncut(v3[2]) }),
    ...(hash !== undefined && { bodyHash: hash }),
    ...(!Number.isNaN(date) && { date: Math.floor(date / 1000) }),
    cut: shown.endsWith('…'),
  };
}

const uncut = (text: string): string => text.replace(/…$/, '');

function body(text: string): { code: string | undefined; message: string } {
  const start = text.indexOf('{');
  if (start >= 0) {
    try {
      const value: unknown = JSON.parse(text.slice(start, text.lastIndexOf('}') + 1));
      if (typeof value === 'object' && value !== null && 'Message' in value) {
        const code = 'Code' in value && typeof value.Code === 'string' ? value.Code : undefined;
        return { code, message: String(value.Message) };
      }
    } catch {
      // Not JSON: read as a message below.
    }
  }
  const element = (name: string): string | undefined => new RegExp(`<${name}>(.*?)</${name}>`, 's').exec(text)?.[1];
  const message = element('Message');
  if (message !== undefined) return { code: element('Code'), message: unescapeXml(message) };
  return {
    code: /\b(SignatureDoesNotMatch|IncompleteSignature|InvalidTimeStamp\.\w+)\b/.exec(text)?.[1],
    message: text,
  };
}

const ENTITIES: readonly Pair[] = [
  ['&lt;', '<'],
  ['&gt;', '>'],
  ['&quot;', '"'],
  ['&apos;', "'"],
  ['&#10;', '\n'],
  ['&amp;', '&'],
];

function unescapeXml(text: string): string {
  return ENTITIES.reduce((read, [entity, mark]) => read.replaceAll(entity, mark), text);
}

import { duration } from '@/ui/format/format';

/** The text, or another where there is none: an empty name is as good as no name. */
export function filled(text: string | null | undefined, otherwise: string): string {
  return text === undefined || text === null || text === '' ? otherwise : text;
}

/** How many characters a text has, as the model counts them. */
export function lengthOf(text: string): number {
  return Array.from(text).length;
}

/** The text, cut after so many characters. */
export function cut(text: string, most: number): string {
  return Array.from(text).slice(0, most).join('');
}

/** A length of time in milliseconds, in which also the short ones say something: `12ms`, `3m 20s`. */
export function shortly(milliseconds: number, locale: string): string {
  if (milliseconds >= 1_000) return duration(milliseconds / 1_000, locale);
  return Math.round(milliseconds).toLocaleString(locale, { style: 'unit', unit: 'millisecond', unitDisplay: 'narrow' });
}

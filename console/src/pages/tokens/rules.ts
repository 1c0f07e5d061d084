// The rules of a new code, so that they can be shown while one types. A test compares the limits with the model.
import { accepts } from '@/explorer/format';

export const limits = {
  name: { min: 2, max: 128 },
  description: { min: 1, max: 256 },
  count: { min: 1, max: 1000, usual: 100 },
  days: { min: 1, max: 90, usual: 30 },
};

/** A new code as a person fills it in; a number field gives a text while it holds no number. */
export interface Draft {
  name: string;
  description: string;
  count: number | string;
  days: number | string;
}

export const blank: Draft = { name: '', description: '', count: limits.count.usual, days: limits.days.usual };

export interface NameRules {
  length: boolean;
  start: boolean;
  marks: boolean;
}

/** Which rules a name keeps. An empty name is allowed, and keeps none. */
export function nameRules(name: string): NameRules {
  const marks = Array.from(name);
  return {
    length: marks.length >= limits.name.min && marks.length <= limits.name.max,
    start: accepts('name', '', marks[0] ?? ''),
    marks: name !== '' && accepts('name', '', `a${name}`),
  };
}

export function nameFits(name: string): boolean {
  const rules = nameRules(name);
  return name === '' || (rules.length && rules.start && rules.marks);
}

export function descriptionFits(description: string): boolean {
  return Array.from(description).length <= limits.description.max && accepts('text', '', description);
}

export function numberFits(value: number | string, limit: { min: number; max: number }): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= limit.min && value <= limit.max;
}

/** The parameters of a draft that keeps every rule; `undefined` for one that does not. */
export function parametersOf(
  draft: Draft,
): { Name?: string; Description?: string; Count: string; TimeToLiveInDays: string } | undefined {
  const { name, description, count, days } = draft;
  if (!nameFits(name) || !descriptionFits(description)) return undefined;
  if (!numberFits(count, limits.count) || !numberFits(days, limits.days)) return undefined;
  return {
    ...(name === '' ? {} : { Name: name }),
    ...(description === '' ? {} : { Description: description }),
    Count: String(count),
    TimeToLiveInDays: String(days),
  };
}

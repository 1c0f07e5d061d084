// The filters of the list of sources: in the address, so that a list can be linked to, and as parameters.

export const states = ['Available', 'InUse', 'Unavailable', 'Deleting'] as const;
export type SourceState = (typeof states)[number];

export const finders = ['name', 'id', 'tag'] as const;
export type Finder = (typeof finders)[number];

export interface Filters {
  state: SourceState | undefined;
  finder: Finder;
  text: string;
}

/** Reads the filters out of an address; what is none of them is left out. */
export function filtersIn(search: URLSearchParams): Filters {
  const state = states.find((one) => one === search.get('state'));
  const finder = finders.find((one) => search.has(one)) ?? 'name';
  return { state, finder, text: (search.get(finder) ?? '').trim() };
}

/** Reads which page of a list is meant; what is no page is the first. */
export function pageIn(search: URLSearchParams): number {
  const text = search.get('page') ?? '';
  return /^[1-9]\d{0,5}$/.test(text) ? Number(text) : 1;
}

/** Writes the filters into an address. */
export function searchOf(filters: Filters): Record<string, string> {
  const text = filters.text.trim();
  return { ...(filters.state ? { state: filters.state } : {}), ...(text === '' ? {} : { [filters.finder]: text }) };
}

/** Whether a text can be looked for at all; the center would refuse it otherwise. */
export function findable(finder: Finder, text: string): boolean {
  const trimmed = text.trim();
  if (trimmed === '') return true;
  if (finder === 'id') return /^s-[A-Za-z0-9\-_*]{1,62}$/.test(trimmed);
  if (finder === 'tag') return tagIn(trimmed) !== undefined;
  return Array.from(trimmed).length <= 128;
}

interface Found {
  State?: SourceState;
  Name?: string;
  SourceId?: string[];
  Tag?: { Key: string; Value?: string }[];
}

/** The filters as parameters of DescribeSourceServers. */
export function parametersOf({ state, finder, text }: Filters): Found {
  const found: Found = state ? { State: state } : {};
  if (text === '' || !findable(finder, text)) return found;
  if (finder === 'name') return { ...found, Name: text };
  if (finder === 'id') return { ...found, SourceId: [text] };
  const tag = tagIn(text);
  return tag ? { ...found, Tag: [tag] } : found;
}

function tagIn(text: string): { Key: string; Value?: string } | undefined {
  const at = text.indexOf('=');
  const key = (at < 0 ? text : text.slice(0, at)).trim();
  const value = at < 0 ? '' : text.slice(at + 1).trim();
  if (key === '' || key.length > 64 || value.length > 64) return undefined;
  return value === '' ? { Key: key } : { Key: key, Value: value };
}

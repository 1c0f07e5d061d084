// The contract finds sources by their id or their exact name, and this is which of them a text asks for.

import { cut } from './words';

export function lookupOf(text: string): { SourceId: string[] } | { Name: string } | undefined {
  const asked = text.trim();
  if (asked === '') return undefined;
  return /^s-[\w-]+$/.test(asked) ? { SourceId: [asked] } : { Name: cut(asked, 128) };
}

/** Calls made in this tab, to be filled in again. No reply is kept, and no parameter that the model marks secret. */
import { parameterTree, type Operation } from './model.ts';
import { compact, withoutSecrets, type FormValues } from './values.ts';

/** One call that was made. */
export interface HistoryEntry {
  id: string;
  /** Unix milliseconds. */
  at: number;
  action: string;
  values: FormValues;
  status: number;
  millis: number;
}

const MOST = 50;

/** The part of `sessionStorage` that is used. */
export type Storage = Pick<globalThis.Storage, 'getItem' | 'setItem'>;

const keyOf = (principal: string): string => `landfall.explorer.calls:${principal}`;

/** What is remembered for an identity; nothing if it cannot be read. */
export function readHistory(storage: Storage, principal: string): HistoryEntry[] {
  try {
    const value: unknown = JSON.parse(storage.getItem(keyOf(principal)) ?? '[]');
    return Array.isArray(value) ? value.filter(isEntry).slice(0, MOST) : [];
  } catch {
    return [];
  }
}

function isEntry(value: unknown): value is HistoryEntry {
  const entry = value as Partial<HistoryEntry> | null;
  return (
    typeof entry === 'object' &&
    typeof entry?.action === 'string' &&
    typeof entry.at === 'number' &&
    typeof entry.values === 'object'
  );
}

/** Adds a call in front and keeps the list short. */
export function remember(
  entries: readonly HistoryEntry[],
  operation: Operation,
  values: FormValues,
  call: Pick<HistoryEntry, 'id' | 'at' | 'status' | 'millis'>,
): HistoryEntry[] {
  const kept = withoutSecrets(parameterTree(operation.parameters), compact(values));
  return [{ ...call, action: operation.name, values: kept }, ...entries].slice(0, MOST);
}

/** Writes it down; a full or forbidden storage loses it, and nothing else. */
export function writeHistory(storage: Storage, principal: string, entries: readonly HistoryEntry[]): void {
  try {
    storage.setItem(keyOf(principal), JSON.stringify(entries));
  } catch {
    // Private windows may refuse; the list then lasts as long as the page.
  }
}

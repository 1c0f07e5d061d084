import type { Texts } from '@/i18n/en';

/** What a state asks of the one who sees it; colour follows from it, and words carry the same. */
export type Tone = 'good' | 'busy' | 'wait' | 'bad' | 'off';

export type StateKind = keyof Texts['states'];

const tones: Record<StateKind, Record<string, Tone>> = {
  source: { Available: 'good', InUse: 'busy', Unavailable: 'bad', Deleting: 'off' },
  token: { activated: 'good', unactivated: 'off', expired: 'off', spent: 'wait' },
  job: {
    Ready: 'wait',
    Running: 'busy',
    Stopped: 'off',
    InError: 'bad',
    Waiting: 'good',
    Finished: 'good',
    Expired: 'off',
    Deleting: 'off',
  },
  phase: { Preparing: 'busy', Syncing: 'busy', Processing: 'busy', Cleaning: 'busy' },
  key: { Active: 'good', Inactive: 'off' },
  decision: { Allow: 'good', ExplicitDeny: 'bad', ImplicitDeny: 'bad' },
};

/** The tone of a state; a state that is not known is no cause for alarm. */
export function toneOf(kind: StateKind, state: string): Tone {
  return tones[kind][state] ?? 'off';
}

/** The words of a state, or the state as it came. */
export function wordsOf(texts: Texts, kind: StateKind, state: string): string {
  return (texts.states[kind] as Record<string, string>)[state] ?? state;
}

// The wizard's form: what is asked, what is wrong with it, and the calls that come of it.
import { copyFaults, plainCopy, written, type CopyFault, type CopyOptions } from './parameters';
import { cut, filled, lengthOf } from './words';

export interface Draft {
  sources: readonly ChosenSource[];
  kind: 'once' | 'incremental';
  hours: number | '';
  keep: number | '';
  start: 'now' | 'byHand' | 'at';
  /** A moment in the viewer's zone, as `<input type="datetime-local">` gives it. */
  at: string;
  validDays: number | '';
  name: string;
  description: string;
  imageName: string;
  /** Numbers of the data disks; all of them for `all`. */
  disks: 'all' | readonly number[];
  copy: CopyOptions;
}

export interface ChosenSource {
  id: string;
  name: string;
}

export const emptyDraft: Draft = {
  sources: [],
  kind: 'once',
  hours: 6,
  keep: 2,
  start: 'now',
  at: '',
  validDays: 30,
  name: '',
  description: '',
  imageName: '',
  disks: 'all',
  copy: plainCopy,
};

export type DraftFault =
  | 'noSource'
  | 'hours'
  | 'keep'
  | 'at'
  | 'atAfterValidity'
  | 'validDays'
  | 'name'
  | 'description'
  | 'imageName'
  | 'noDisk'
  | CopyFault;

/** The steps that ask something, and which faults hold a person back at each. */
export const steps = ['sources', 'plan', 'copy', 'review'] as const;
export type Step = (typeof steps)[number];

const heldBackBy: Record<Step, readonly DraftFault[]> = {
  sources: ['noSource'],
  plan: ['hours', 'keep', 'at', 'atAfterValidity', 'validDays', 'name', 'description', 'imageName'],
  copy: ['noDisk', 'bandwidth', 'freeze'],
  review: [],
};

const day = 86_400_000;
/** The model's limits of names and descriptions, in characters. */
const shortest = 2;
export const longestName = 128;

/** A letter or a Chinese character first, then these, digits, `:`, `_` and `-`. */
const nameRule = /^[A-Za-z\u4e00-\u9fff][A-Za-z0-9\u4e00-\u9fff:_-]*$/;

/** Everything that is wrong with a draft at this moment (milliseconds). */
export function faults(draft: Draft, now: number): Set<DraftFault> {
  const found = new Set<DraftFault>(copyFaults(draft.copy));
  const check = (fault: DraftFault, fine: boolean): void => {
    if (!fine) found.add(fault);
  };
  check('noSource', draft.sources.length > 0);
  if (draft.kind === 'incremental') {
    check('hours', within(draft.hours, 1, 168));
    check('keep', within(draft.keep, 1, 10));
  }
  check('validDays', within(draft.validDays, 7, 90));
  if (draft.start === 'at') {
    const at = Date.parse(draft.at);
    check('at', at > now && at <= now + 30 * day);
    check('atAfterValidity', !(at >= now + Number(draft.validDays) * day));
  }
  check('name', draft.name === '' || isName(draft.name));
  check('imageName', draft.imageName === '' || isName(draft.imageName));
  check('description', draft.description === '' || isDescription(draft.description));
  check('noDisk', draft.disks === 'all' || draft.disks.length > 0 || draft.sources.length > 1);
  return found;
}

/** Those of them that belong to a step. */
export function faultsOf(step: Step, all: ReadonlySet<DraftFault>): DraftFault[] {
  return heldBackBy[step].filter((fault) => all.has(fault));
}

export function isName(text: string): boolean {
  return lengthOf(text) >= shortest && lengthOf(text) <= longestName && nameRule.test(text);
}

export function isDescription(text: string): boolean {
  const length = lengthOf(text);
  return length >= shortest && length <= longestName && !/^https?:\/\//.test(text) && !/\p{Cc}/u.test(text);
}

/** The parameters of one `CreateReplicationJob`. */
export interface CreateParams {
  RegionId: string;
  SourceId: string;
  Name?: string;
  Description?: string;
  ImageName?: string;
  RunOnce: boolean;
  Frequency?: number;
  MaxNumberOfImageToKeep?: number;
  ScheduledStartTime?: string;
  ValidTime: string;
  ReplicationParameters?: string;
  DataDisk?: { Index: number }[];
}

/** The calls that a draft comes to, one a source; the draft has no fault. */
export function requests(draft: Draft, now: number): CreateParams[] {
  const several = draft.sources.length > 1;
  const named = (name: string, source: ChosenSource): string =>
    several ? suffixed(name, filled(source.name, source.id)) : name;
  const copy = written(draft.copy);
  return draft.sources.map((source) => ({
    // A private center has one region; it stores and shows what it is given.
    RegionId: 'local',
    SourceId: source.id,
    ...(draft.name === '' ? {} : { Name: named(draft.name, source) }),
    ...(draft.description === '' ? {} : { Description: draft.description }),
    ...(draft.imageName === '' ? {} : { ImageName: named(draft.imageName, source) }),
    RunOnce: draft.kind === 'once',
    ...(draft.kind === 'incremental'
      ? { Frequency: Number(draft.hours), MaxNumberOfImageToKeep: Number(draft.keep) }
      : {}),
    ...(draft.start === 'at' ? { ScheduledStartTime: utc(Date.parse(draft.at)) } : {}),
    ValidTime: utc(now + Number(draft.validDays) * day),
    ...(copy === '{}' ? {} : { ReplicationParameters: copy }),
    // Disks are numbered by each source for itself, so they are chosen for one source only.
    ...(draft.disks === 'all' || several ? {} : { DataDisk: draft.disks.map((Index) => ({ Index })) }),
  }));
}

/**
 * Names a call so that its repetition makes no second job. The same call keeps its token; one with other parameters gets another,
 * since the center refuses a token that comes with something else.
 */
export class Tokens {
  readonly #given = new Map<string, string>();
  readonly #random: () => string;

  constructor(random: () => string = randomToken) {
    this.#random = random;
  }

  of(params: CreateParams): string {
    const key = JSON.stringify(params);
    const token = this.#given.get(key) ?? this.#random();
    this.#given.set(key, token);
    return token;
  }
}

function randomToken(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(20));
  return `console-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}

/** A name for one of several: with the source's, made of what a name may hold. */
function suffixed(name: string, source: string): string {
  const suffix = source.replace(/[^A-Za-z0-9\u4e00-\u9fff:_-]+/g, '-');
  return cut(`${name}-${suffix}`, longestName);
}

export function utc(at: number): string {
  return new Date(at).toISOString().replace(/\.\d+Z$/, 'Z');
}

function within(value: number | '', least: number, most: number): boolean {
  return value !== '' && Number.isInteger(value) && value >= least && value <= most;
}

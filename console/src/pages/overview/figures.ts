// The figures of a copy, as StatusInfo and the news carry them, as far as the overview shows them.
import { parsed, record } from '@/api/failure';

export const phases = ['starting', 'full', 'changes', 'audit', 'frozen', 'finishing'] as const;
export type Phase = (typeof phases)[number];

export interface Figures {
  phase: Phase;
  pass: number;
  totalBytes: number;
  leftBytes: number;
  bytesPerSecond: number;
}

/** Reads the figures of a copy from the JSON text of a job; `undefined` for what holds none. */
export function figuresIn(info: string | undefined): Figures | undefined {
  const fields = record(parsed(info ?? ''));
  return fields ? figuresOf(fields) : undefined;
}

interface Job {
  BusinessStatus?: string | undefined;
  StatusInfo?: string | undefined;
}

/**
 * What is shown of a running job: what an event said last, or what the job says of itself. Figures of the copy hold only while it
 * copies; of another phase, such as the making of the image, there are none.
 */
export function figuresShown(job: Job, heard: Figures | undefined): Figures | undefined {
  if (job.BusinessStatus !== undefined && job.BusinessStatus !== 'Syncing') return undefined;
  return heard ?? figuresIn(job.StatusInfo);
}

export function figuresOf(fields: Record<string, unknown>): Figures | undefined {
  const phase = phases.find((one) => one === fields.phase);
  if (!phase) return undefined;
  const all: unknown[] = Array.isArray(fields.disks) ? fields.disks : [];
  const disks = all.map(record).filter((disk) => disk !== undefined);
  const sum = (name: string): number => disks.reduce((bytes, disk) => bytes + size(disk[name]), 0);
  return {
    phase,
    pass: size(fields.pass),
    totalBytes: sum('bytes_total'),
    leftBytes: sum('bytes_left'),
    bytesPerSecond: size(fields.bytes_per_second),
  };
}

/** How much of the pass is done, from 0 to 100. */
export function percentOf({ totalBytes, leftBytes }: Figures): number {
  return totalBytes === 0 ? 0 : Math.min(100, Math.max(0, ((totalBytes - leftBytes) / totalBytes) * 100));
}

/** Seconds that the rest of the pass takes at the speed of lately; `undefined` while nothing moves. */
export function secondsLeft({ leftBytes, bytesPerSecond }: Figures): number | undefined {
  return bytesPerSecond > 0 ? leftBytes / bytesPerSecond : undefined;
}

function size(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : 0;
}

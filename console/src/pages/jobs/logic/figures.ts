// The figures of a run, as `StatusInfo` and progress events carry them: read with care, since what is not known must not read as zero.
import { parsed, record } from '@/api/failure';

export const phases = ['starting', 'full', 'changes', 'audit', 'frozen', 'finishing', 'image'] as const;
export type Phase = (typeof phases)[number];

export const limits = ['source_disk', 'cpu', 'link', 'bandwidth', 'center_disk'] as const;
export type Limit = (typeof limits)[number];

export interface DiskFigures {
  disk: number;
  /** Bytes that the pass covers. */
  total: number;
  /** Bytes of them that are still to be read. */
  left: number;
}

/** A pass that is over. */
export interface PassFigures {
  pass: number;
  phase: 'full' | 'changes' | 'audit';
  /** Bytes that it covered, and that were sent in it. */
  bytes: number;
  sent: number;
  /** Milliseconds. */
  took: number;
}

export type Tracking = { mode: 'ebpf' } | { mode: 'rescan'; reason: string };

/** Everything that is known of a run; what is `undefined` is not known yet. */
export interface Figures {
  phase: Phase;
  pass: number | undefined;
  disks: DiskFigures[];
  passes: PassFigures[];
  read: number | undefined;
  sent: number | undefined;
  packed: number | undefined;
  /** Bytes a second that were got through lately. */
  rate: number | undefined;
  /** Bytes a second that the source changes. */
  dirty: number | undefined;
  /** Milliseconds that a freeze would take now. */
  predictedFreeze: number | undefined;
  /** Milliseconds that the freeze did take. */
  freeze: number | undefined;
  /** Bytes that the comparison found to differ and sent anew; `undefined` where nothing was compared. */
  healed: number | undefined;
  tracking: Tracking | undefined;
  /** Why the kernel could not prove that it told of every change, so that everything was compared. */
  unproven: string | undefined;
  limitedBy: Limit | undefined;
}

/** Why a job failed. */
export interface Fault {
  code: string;
  message: string;
}

/** Reads the figures in a `StatusInfo`; `undefined` when it holds none. */
export function figuresIn(statusInfo: string | undefined): Figures | undefined {
  const said = record(parsed(statusInfo ?? ''));
  return said && figuresOf(said);
}

/** Reads the figures of a progress event; `undefined` when they are none that this page knows. */
export function figuresOf(said: Record<string, unknown>): Figures | undefined {
  const phase = phases.find((one) => one === said.phase);
  if (!phase) return undefined;
  return {
    phase,
    pass: positive(said.pass),
    disks: phase === 'image' ? disks([{ ...said, disk: 0 }]) : disks(said.disks),
    passes: passes(said.passes),
    read: count(said.read_bytes),
    sent: count(said.sent_bytes),
    packed: count(said.packed_bytes),
    rate: phase === 'starting' ? undefined : count(said.bytes_per_second),
    dirty: count(said.dirty_bytes_per_second),
    predictedFreeze: count(said.predicted_freeze_ms),
    freeze: count(said.freeze_ms),
    healed: count(said.healed_bytes),
    tracking: tracking(said.tracking),
    unproven: typeof said.unproven === 'string' ? said.unproven : undefined,
    limitedBy: limits.find((one) => one === said.limited_by),
  };
}

/** Reads the failure of a job that is InError; `undefined` for one that is not. */
export function faultIn(job: { ErrorCode?: string | undefined; StatusInfo?: string | undefined }): Fault | undefined {
  if (!job.ErrorCode) return undefined;
  const said = record(parsed(job.StatusInfo ?? ''))?.error_msg;
  // A center that words it otherwise is shown as it is.
  return { code: job.ErrorCode, message: typeof said === 'string' ? said : (job.StatusInfo ?? '') };
}

/** Whole percent that is done of a disk, rounded down so that nothing is called done before it is; a pass over nothing is done. */
export function donePercent(disk: DiskFigures): number {
  if (disk.total <= 0) return 100;
  return Math.floor(((disk.total - Math.min(disk.left, disk.total)) / disk.total) * 100);
}

/** Bytes of the pass that are still to be read; `undefined` while no disk is known. */
export function bytesLeft(figures: Figures): number | undefined {
  if (figures.disks.length === 0) return undefined;
  return figures.disks.reduce((sum, disk) => sum + disk.left, 0);
}

/** How many times smaller the content was on the network; `undefined` while too little was sent to tell. */
export function packing(figures: Figures): number | undefined {
  const { sent, packed } = figures;
  if (sent === undefined || packed === undefined || sent < 1 << 20 || packed === 0) return undefined;
  return sent / packed;
}

function disks(value: unknown): DiskFigures[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((one) => {
    const said = record(one);
    const [disk, total, left] = [count(said?.disk), count(said?.bytes_total), count(said?.bytes_left)];
    return disk === undefined || total === undefined || left === undefined ? [] : [{ disk, total, left }];
  });
}

function passes(value: unknown): PassFigures[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((one) => {
    const said = record(one);
    const phase = (['full', 'changes', 'audit'] as const).find((known) => known === said?.phase);
    const [pass, covered] = [positive(said?.pass), count(said?.bytes)];
    const [sent, took] = [count(said?.sent_bytes), count(said?.took_ms)];
    if (!phase || pass === undefined || covered === undefined || sent === undefined || took === undefined) return [];
    return [{ pass, phase, bytes: covered, sent, took }];
  });
}

function tracking(value: unknown): Tracking | undefined {
  const said = record(value);
  if (said?.mode === 'ebpf') return { mode: 'ebpf' };
  if (said?.mode !== 'rescan') return undefined;
  return { mode: 'rescan', reason: typeof said.reason === 'string' ? said.reason : '' };
}

function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;
}

function positive(value: unknown): number | undefined {
  const found = count(value);
  return found === 0 ? undefined : found;
}

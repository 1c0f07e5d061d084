// How a disk is drawn: what lies where on it, to scale.
import type { Content, Disk, Inventory, Partition } from './inventory';

/** A stretch of a disk. Shares are of the whole disk, from 0 to 1. */
export interface Segment {
  kind: 'partition' | 'gap' | 'whole';
  share: number;
  sizeBytes: number;
  /** Share of the segment that is in use; `undefined` when that is not known. */
  used: number | undefined;
  partition: Partition | undefined;
  /** Which colour it has; those of one kind of content have the same. */
  tone: Tone;
}

export type Tone = 'system' | 'root' | 'data' | 'swap' | 'stack' | 'other';

/** Gaps below this share of a disk are alignment and tables, not room. */
const smallestGap = 0.004;
/** Partitions begin at whole MiB, which leaves one before the first. */
const alignmentBytes = 1024 * 1024;

/** The stretches of a disk in their order. What a partition table claims beyond the disk is cut off. */
export function segments(disk: Disk): Segment[] {
  if (disk.sizeBytes === 0) return [];
  if (disk.partitions.length === 0) return [whole(disk)];
  const all: Segment[] = [];
  let at = 0;
  for (const partition of [...disk.partitions].sort((one, other) => one.startBytes - other.startBytes)) {
    const start = Math.max(partition.startBytes, at);
    const end = Math.min(partition.startBytes + partition.sizeBytes, disk.sizeBytes);
    if (end <= start) continue;
    gap(all, disk, at, start);
    all.push({
      kind: 'partition',
      share: (end - start) / disk.sizeBytes,
      sizeBytes: partition.sizeBytes,
      used: usedShare(partition.content, partition.sizeBytes),
      partition,
      tone: tone(partition.content, partition.role !== 'Normal'),
    });
    at = end;
  }
  gap(all, disk, at, disk.sizeBytes);
  return all;
}

/** Whether anything is known of what is in use on the machine, and how many bytes. */
export function usedBytes(inventory: Pick<Inventory, 'disks' | 'volumes'>): number | undefined {
  const contents = [
    ...inventory.disks.flatMap((disk) => [disk.content, ...disk.partitions.map(({ content }) => content)]),
    ...inventory.volumes.map((volume) => volume.content),
  ];
  const known = contents.flatMap(({ usedBytes }) => usedBytes ?? []);
  return known.length === 0 ? undefined : known.reduce((sum, used) => sum + used, 0);
}

/** What a disk, partition or volume holds, by the colour it is drawn in. */
export function tone(content: Content, boots = false): Tone {
  if (boots) return 'system';
  if (content.mounts.includes('/')) return 'root';
  if (content.filesystem === 'swap') return 'swap';
  if (/_member$|^crypto/.test(content.filesystem)) return 'stack';
  return content.filesystem === '' ? 'other' : 'data';
}

/** The last part of a path, for where there is little room. */
export function shortName(path: string): string {
  return path.split('/').findLast((part) => part !== '') ?? path;
}

function whole(disk: Disk): Segment {
  const kind = disk.content.filesystem === '' ? 'gap' : 'whole';
  return {
    kind,
    share: 1,
    sizeBytes: disk.sizeBytes,
    used: usedShare(disk.content, disk.sizeBytes),
    partition: undefined,
    tone: tone(disk.content),
  };
}

function gap(all: Segment[], disk: Disk, from: number, to: number): void {
  const share = (to - from) / disk.sizeBytes;
  if (share < smallestGap || to - from <= alignmentBytes) return;
  all.push({ kind: 'gap', share, sizeBytes: to - from, used: undefined, partition: undefined, tone: 'other' });
}

function usedShare(content: Content, sizeBytes: number): number | undefined {
  if (content.usedBytes === undefined || sizeBytes === 0) return undefined;
  return Math.min(1, content.usedBytes / sizeBytes);
}

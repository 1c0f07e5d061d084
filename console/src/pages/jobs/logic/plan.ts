// What would be copied of a source, as far as its inventory tells: the same estimate as `landfall source show` gives.
import { parsed, record } from '@/api/failure';

export interface DiskPlan {
  path: string;
  size: number;
  /** Bytes of the first copy at the most. */
  copied: number;
  /** Partitions of which everything is copied, and what they hold. */
  whole: { path: string; holds: string }[];
}

/** Filesystems whose free space the agent knows, and leaves out. */
const mapped = ['ext2', 'ext3', 'ext4', 'xfs', 'vfat'];

/** The plan of each disk of an inventory; none for one that cannot be read. */
export function plansIn(inventory: string | undefined): DiskPlan[] {
  const disks = record(parsed(inventory ?? ''))?.disks;
  if (!Array.isArray(disks)) return [];
  return disks.flatMap((one) => {
    const disk = record(one);
    const [path, size] = [disk?.path, disk?.size_bytes];
    return disk && typeof path === 'string' && typeof size === 'number' ? [plan(disk, path, size)] : [];
  });
}

function plan(disk: Record<string, unknown>, path: string, size: number): DiskPlan {
  const made: DiskPlan = { path, size, copied: 0, whole: [] };
  const parts: unknown[] = Array.isArray(disk.partitions) ? disk.partitions : [];
  if (parts.length === 0) {
    add(made, path, size, disk);
    return made;
  }
  let gaps = size;
  for (const part of parts) {
    const told = record(part);
    const [at, bytes] = [told?.path, told?.size_bytes];
    if (!told || typeof at !== 'string' || typeof bytes !== 'number') continue;
    gaps -= bytes;
    add(made, at, bytes, told);
  }
  // Boot loaders and tables live between partitions.
  made.copied = Math.min(size, made.copied + Math.max(0, gaps));
  return made;
}

function add(made: DiskPlan, path: string, size: number, holder: Record<string, unknown>): void {
  // What is on a disk or partition is an object beside its size.
  const content = record(holder.content) ?? {};
  const filesystem = typeof content.filesystem === 'string' ? content.filesystem : '';
  const used = content.used_bytes;
  if (filesystem === 'swap') return;
  if (mapped.includes(filesystem)) {
    made.copied += typeof used === 'number' ? Math.min(used, size) : size;
    return;
  }
  made.copied += size;
  made.whole.push({ path, holds: filesystem });
}

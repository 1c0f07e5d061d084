// What the contract's own list says of a machine, read.
import { parsed, record } from '@/api/failure';
import type { SourceServer } from '@/api/generated';

const gib = 1024 ** 3;

/** How many disks a source has, and their size together as far as whole GiB tell. */
export function disksOf(source: Pick<SourceServer, 'DataDisks' | 'SystemDiskSize'>): {
  count: number;
  sizeBytes: number;
} {
  const sizes = source.DataDisks.DataDisk.map(({ Size }) => Size);
  if (source.SystemDiskSize !== undefined) sizes.push(source.SystemDiskSize);
  return { count: sizes.length, sizeBytes: sizes.reduce((sum, size) => sum + size, 0) * gib };
}

/** Host name and address, where they say more than the source's name does. */
export function hostOf(source: Pick<SourceServer, 'Name' | 'SystemInfo'>): string {
  const info = record(parsed(source.SystemInfo ?? '')) ?? {};
  const parts = [info.hostname, info.ipv4 === '' ? info.ipv6 : info.ipv4];
  return parts.filter((part) => typeof part === 'string' && part !== '' && part !== source.Name).join(' · ');
}

/** What a source that is unavailable says of itself. */
export function faultOf(source: Pick<SourceServer, 'StatusInfo'>): { code: string; message: string } | undefined {
  const info = record(parsed(source.StatusInfo ?? ''));
  const { error_code: code, error_msg: message } = info ?? {};
  return typeof code === 'string' && typeof message === 'string' ? { code, message } : undefined;
}

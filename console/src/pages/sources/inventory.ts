// What an agent found on its machine, read from the JSON text of DescribeSourceServer. It comes from a machine that nobody vouches
// for: whatever is not as it should be is left out, and lists are bounded.
import { parsed, record } from '@/api/failure';

export interface Content {
  filesystem: string;
  label: string;
  mounts: string[];
  usedBytes: number | undefined;
}

export interface Partition {
  number: number;
  path: string;
  startBytes: number;
  sizeBytes: number;
  role: 'Normal' | 'System' | 'Boot';
  typeName: string;
  content: Content;
}

export interface Disk {
  path: string;
  image: boolean;
  sizeBytes: number;
  system: boolean;
  model: string;
  table: 'gpt' | 'mbr' | 'none';
  partitions: Partition[];
  content: Content;
}

export interface Volume {
  kind: string;
  name: string;
  path: string;
  sizeBytes: number;
  members: string[];
  content: Content;
}

export interface Inventory {
  hostname: string;
  os: string;
  kernel: string;
  architecture: string;
  processor: string;
  cores: number;
  memoryBytes: number;
  memoryAvailableBytes: number;
  addresses: string[];
  disks: Disk[];
  volumes: Volume[];
}

// As the center's own bounds (crates/smc/src/source/inventory.rs).
const most = { disks: 128, partitions: 128, volumes: 512, addresses: 64, text: 1024 };

/** Reads an inventory; `undefined` for a text that is none. */
export function readInventory(json: string | undefined): Inventory | undefined {
  const all = json === undefined ? undefined : record(parsed(json));
  if (!all) return undefined;
  const part = (name: string): Fields => record(all[name]) ?? {};
  return {
    hostname: text(all.hostname),
    os: text(part('os').name) || text(part('os').platform),
    kernel: text(all.kernel),
    architecture: text(all.architecture),
    processor: text(part('cpu').model),
    cores: size(part('cpu').count),
    memoryBytes: size(part('memory').total_bytes),
    memoryAvailableBytes: size(part('memory').available_bytes),
    addresses: texts(all.addresses, most.addresses),
    disks: list(all.disks, most.disks).map(disk),
    volumes: list(all.volumes, most.volumes).map(volume),
  };
}

type Fields = Record<string, unknown>;

function disk(fields: Fields): Disk {
  const table = text(fields.table);
  return {
    path: text(fields.path),
    image: fields.kind === 'image',
    sizeBytes: size(fields.size_bytes),
    system: fields.system === true,
    model: text(fields.model),
    table: table === 'gpt' || table === 'mbr' ? table : 'none',
    partitions: list(fields.partitions, most.partitions).map(partition),
    content: content(fields.content),
  };
}

function partition(fields: Fields): Partition {
  const role = fields.role;
  return {
    number: size(fields.number),
    path: text(fields.path),
    startBytes: size(fields.start_bytes),
    sizeBytes: size(fields.size_bytes),
    role: role === 'System' || role === 'Boot' ? role : 'Normal',
    typeName: text(fields.type_name),
    content: content(fields.content),
  };
}

function volume(fields: Fields): Volume {
  return {
    kind: text(fields.kind),
    name: text(fields.name),
    path: text(fields.path),
    sizeBytes: size(fields.size_bytes),
    members: texts(fields.members, most.disks),
    content: content(fields.content),
  };
}

function content(value: unknown): Content {
  const fields = record(value) ?? {};
  const used = fields.used_bytes;
  return {
    filesystem: text(fields.filesystem),
    label: text(fields.label),
    mounts: texts(fields.mounts, most.disks),
    usedBytes: typeof used === 'number' && used >= 0 ? used : undefined,
  };
}

function list(value: unknown, limit: number): Fields[] {
  const all: unknown[] = Array.isArray(value) ? value : [];
  return all
    .slice(0, limit)
    .map(record)
    .filter((item) => item !== undefined);
}

function texts(value: unknown, limit: number): string[] {
  return Array.isArray(value) ? value.slice(0, limit).map(text).filter(Boolean) : [];
}

function text(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, most.text) : '';
}

function size(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : 0;
}

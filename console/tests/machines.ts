// Machines for pictures: real agents that believe to be machines of their own, with disk images that hold partitions and files.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { createHash, randomFillSync } from 'node:crypto';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ended, program, type Center } from './harness.ts';

const mib = 1024 * 1024;

/** A stretch of a disk: what it is for, and how much of it is taken up by files. */
export interface Volume {
  mib: number;
  as: 'efi' | 'ext4' | 'swap';
  label?: string;
  usedMib?: number;
}

export interface DiskPlan {
  mib: number;
  /** In their order; without any, the disk is one filesystem. */
  volumes?: readonly Volume[];
}

export interface Machine {
  sourceId: string;
  /** Where its disk images are. */
  directory: string;
  /** Ends the agent. The machine is offline then, and can come back. */
  stop: () => Promise<void>;
  start: () => void;
  remove: () => Promise<void>;
}

/** Imports a machine of its own name and identity and starts its agent. */
export async function startMachine(
  center: Center,
  code: { id: string; code: string },
  name: string,
  plans: readonly DiskPlan[],
): Promise<Machine> {
  const directory = mkdtempSync(join(tmpdir(), 'landfall-machine-'));
  const state = join(directory, 'state');
  mkdirSync(state);
  const identity = join(directory, 'machine-id');
  writeFileSync(identity, `${createHash('md5').update(name).digest('hex')}\n`);
  const disks = plans.map((plan, at) => makeDisk(join(directory, `disk-${at + 1}.raw`), plan));
  const agent = (args: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess => {
    const become = 'hostname "$1" && mount --bind "$2" /etc/machine-id && shift 2 && exec "$@"';
    const own = ['-r', '--uts', '--mount', 'sh', '-c', become, 'sh', name, identity];
    return spawn('unshare', [...own, program('LANDFALL_AGENT_BIN', 'landfall-agent'), ...args], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
  };
  const told = ['--server', center.agents, '--ca-fingerprint', center.fingerprint, '--token-id', code.id];
  const named = ['--name', name, '--images-only', ...disks.flatMap((disk) => ['--disk', disk])];
  const importing = agent(['import', ...told, ...named, '--state-dir', state], { LANDFALL_TOKEN_CODE: code.code });
  let said = '';
  importing.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const status = await new Promise((resolve) => importing.once('close', resolve));
  if (status !== 0) throw new Error(`importing ${name}: ${said}`);
  let running: ChildProcess | undefined;
  const start = (): void => {
    running = agent(['run', '--state-dir', state]);
    running.stderr?.resume();
  };
  const stop = async (): Promise<void> => {
    if (running) await ended(running);
  };
  start();
  const { SourceServers } = (await center.call('DescribeSourceServers', { Name: name })) as {
    SourceServers: { SourceServer: { SourceId: string }[] };
  };
  return {
    sourceId: SourceServers.SourceServer[0]?.SourceId ?? '',
    directory,
    stop,
    start,
    remove: async () => {
      await stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Writes a disk image as planned. */
function makeDisk(path: string, { mib: size, volumes = [] }: DiskPlan): string {
  writeFileSync(path, '');
  truncateSync(path, size * mib);
  if (volumes.length === 0) {
    fill(path, 0, { mib: size, as: 'ext4', label: 'archive', usedMib: size / 8 });
    return path;
  }
  const types = { efi: 'uefi', ext4: 'linux', swap: 'swap' };
  const table = volumes.map((volume) => `size=${volume.mib}MiB, type=${types[volume.as]}\n`).join('');
  execFileSync('sfdisk', ['-q', path], { input: `label: gpt\n${table}` });
  let at = 1;
  for (const volume of volumes) {
    fill(path, at * mib, volume);
    at += volume.mib;
  }
  return path;
}

/** Makes a filesystem and writes it to where its partition begins. */
function fill(disk: string, offset: number, { mib: size, as, label = '', usedMib = 0 }: Volume): void {
  const directory = mkdtempSync(join(tmpdir(), 'landfall-volume-'));
  try {
    const file = join(directory, 'volume');
    const files = join(directory, 'files');
    writeFileSync(file, '');
    truncateSync(file, size * mib);
    mkdirSync(files);
    if (usedMib > 0) writeFileSync(join(files, 'data'), randomFillSync(Buffer.alloc(usedMib * mib)));
    if (as === 'ext4') execFileSync('mkfs.ext4', ['-q', '-F', '-L', label, '-d', files, file]);
    else if (as === 'efi') execFileSync('mkfs.vfat', ['-n', label, file], { stdio: 'ignore' });
    else execFileSync('mkswap', ['-q', file], { stdio: 'ignore' });
    const out = openSync(disk, 'r+');
    writeSync(out, readFileSync(file), 0, size * mib, offset);
    closeSync(out);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

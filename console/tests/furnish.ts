// What a center has that is used: codes, machines, jobs in every state, images, people and what they may do.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Center } from './harness.ts';
import { startMachine, type DiskPlan, type Machine } from './machines.ts';

const own = '2026-11-24';

/** What pictures are taken of, by its place in the console. */
export interface Furnished {
  code: string;
  source: string;
  jobs: { running: string; finished: string; failed: string };
  image: string;
}

const small: DiskPlan = { mib: 24, volumes: [{ mib: 20, as: 'ext4', label: 'root', usedMib: 6 }] };

const database: readonly DiskPlan[] = [
  {
    mib: 256,
    volumes: [
      { mib: 40, as: 'efi', label: 'EFI', usedMib: 0 },
      { mib: 40, as: 'ext4', label: 'boot', usedMib: 14 },
      { mib: 140, as: 'ext4', label: 'root', usedMib: 70 },
      { mib: 24, as: 'swap' },
    ],
  },
  { mib: 128, volumes: [{ mib: 96, as: 'ext4', label: 'tables', usedMib: 61 }] },
  { mib: 48 },
];

/** Furnishes a center. What has to be ended afterwards is put before `stops`, also when not all of it can be had. */
export async function furnish(center: Center, stops: (() => Promise<void>)[]): Promise<Furnished> {
  const wave = await codes(center);
  await people(center);
  const machines: Machine[] = [];
  const machine = async (name: string, plans: readonly DiskPlan[] = [small]): Promise<Machine> => {
    const made = await startMachine(center, wave, name, plans);
    stops.unshift(made.remove);
    machines.push(made);
    return made;
  };
  const shop = await machine('shop-db-01', database);
  const [web, mail, files, erp] = [
    await machine('web-01'),
    await machine('mail-01'),
    await machine('files-01'),
    await machine('erp-old'),
  ];
  await machine('intranet-01');
  await erp.stop();
  for (const [at, { sourceId }] of machines.entries())
    await tag(center, sourceId, { site: 'hamburg', wave: String(1 + (at % 2)) });

  const running = await job(center, shop, 'move-shop-db', { limit: 512 });
  const finished = await job(center, web, 'move-web', { limit: 0 });
  await jobIs(center, finished, 'Waiting');
  await center.call('StartReplicationJob', { JobId: finished });
  await jobIs(center, finished, 'Waiting', 2);
  await center.call('CutOverReplicationJob', { JobId: finished });
  await jobIs(center, finished, 'Finished');
  // Its disk goes away under it.
  await mail.stop();
  rmSync(join(mail.directory, 'disk-1.raw'));
  mail.start();
  const failed = await job(center, mail, 'move-mail', { limit: 0 });
  await jobIs(center, failed, 'InError');
  const stopped = await job(center, files, 'move-files', { limit: 64 });
  await jobIs(center, stopped, 'Running', 0, 'Syncing');
  await center.call('StopReplicationJob', { JobId: stopped });
  await until('a source is offline', async () => {
    const asked = { State: 'Unavailable', 'SourceId.1': erp.sourceId };
    return (await center.call('DescribeSourceServers', asked)).TotalCount === 1;
  });
  const { Images } = (await center.call('DescribeImages', {}, own)) as { Images: { Image: { ImageId: string }[] } };
  return {
    code: wave.id,
    source: shop.sourceId,
    jobs: { running, finished, failed },
    image: Images.Image[0]?.ImageId ?? '',
  };
}

/** Codes in every state; gives the one that machines come with. */
async function codes(center: Center): Promise<{ id: string; code: string }> {
  const make = async (Name: string, Count: string, TimeToLiveInDays: string) => {
    const made = await center.call('CreateAccessToken', { Name, Count, TimeToLiveInDays });
    return { id: String(made.AccessTokenId), code: String(made.AccessTokenCode) };
  };
  const wave = await make('datacenter-wave-1', '200', '30');
  await make('branch-office', '20', '2');
  const lost = await make('contractor-laptop', '5', '10');
  await center.call('DisableAccessToken', { AccessTokenId: lost.id });
  return wave;
}

async function people(center: Center): Promise<void> {
  for (const [UserName, Comments] of [
    ['migrator', 'Runs the migration of the Hamburg site'],
    ['auditor', 'Reads, changes nothing'],
  ] as const) {
    await center.call('CreateUser', { UserName, Comments }, own);
    await center.call('CreateAccessKey', { UserName }, own);
  }
  const statements = [
    { Effect: 'Allow', Action: ['smc:CreateAccessToken', 'smc:ListAccessTokens'], Resource: '*' },
    { Effect: 'Deny', Action: 'smc:DeleteAccessToken', Resource: '*' },
  ];
  const PolicyDocument = JSON.stringify({ Version: '1', Statement: statements });
  const codesOnly = { PolicyName: 'codes-only', Description: 'Hands out activation codes', PolicyDocument };
  await center.call('CreatePolicy', codesOnly, own);
  await center.call('AttachPolicyToUser', { PolicyName: 'codes-only', UserName: 'migrator' }, own);
  await center.call('AttachPolicyToUser', { PolicyName: 'LandfallReadOnlyAccess', UserName: 'auditor' }, own);
}

async function tag(center: Center, source: string, tags: Record<string, string>): Promise<void> {
  const parts = Object.entries(tags).flatMap(([key, value], at) => [
    [`Tag.${at + 1}.Key`, key],
    [`Tag.${at + 1}.Value`, value],
  ]);
  const of = { RegionId: 'cn-hangzhou', ResourceType: 'sourceserver', 'ResourceId.1': source };
  await center.call('TagResources', { ...of, ...(Object.fromEntries(parts) as Record<string, string>) });
}

/** Makes a job that copies again and again, and starts. The limit is in KiB a second; 0 is none. */
async function job(center: Center, machine: Machine, name: string, { limit }: { limit: number }): Promise<string> {
  const made = await center.call('CreateReplicationJob', {
    SourceId: machine.sourceId,
    Name: name,
    RunOnce: 'false',
    RegionId: 'cn-hangzhou',
    Frequency: '6',
    MaxNumberOfImageToKeep: '5',
    ImageName: name.replace('move-', ''),
    ReplicationParameters: JSON.stringify({ compress_level: 0, ...(limit > 0 ? { bandwidth_limit: limit } : {}) }),
  });
  const id = String(made.JobId);
  await center.call('StartReplicationJob', { JobId: id });
  return id;
}

interface Job {
  Status: string;
  BusinessStatus?: string;
  ReplicationJobRuns: { ReplicationJobRun: { ImageId?: string }[] };
}

/** Waits until a job is in a state, with so many images made. */
function jobIs(center: Center, id: string, status: string, images = 0, phase = ''): Promise<void> {
  let seen: Job | undefined;
  const what = (): string => `${id} is ${status} with ${images} images: ${JSON.stringify(seen)}`;
  return until(what, async () => {
    const { ReplicationJobs } = (await center.call('DescribeReplicationJobs', { 'JobId.1': id })) as {
      ReplicationJobs: { ReplicationJob: Job[] };
    };
    const found = ReplicationJobs.ReplicationJob[0];
    seen = found;
    const made = found?.ReplicationJobRuns.ReplicationJobRun.filter(({ ImageId }) => ImageId !== undefined).length ?? 0;
    return found?.Status === status && made >= images && (phase === '' || found.BusinessStatus === phase);
  });
}

/** Looks twice a second, for two minutes at most. */
async function until(what: string | (() => string), reached: () => Promise<boolean>): Promise<void> {
  for (let look = 0; look < 240; look++) {
    if (await reached()) return;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  throw new Error(`waited in vain until ${typeof what === 'string' ? what : what()}`);
}

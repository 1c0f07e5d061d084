// What a person changed of a job, as the parameters of `ModifyReplicationJobAttribute`: only what differs is sent.
import { copyFaults, optionsIn, written, type CopyOptions } from './parameters';
import { isDescription, isName, utc } from './draft';

export interface Change {
  name: string;
  description: string;
  imageName: string;
  hours: number | '';
  keep: number | '';
  validDays: number | '';
  copy: CopyOptions;
}

interface Job {
  Name?: string;
  Description?: string;
  ImageName?: string;
  Frequency?: number;
  MaxNumberOfImageToKeep?: number;
  CreationTime: string;
  ValidTime?: string;
  ReplicationParameters?: string;
}

export interface ChangeParams {
  Name?: string;
  Description?: string;
  ImageName?: string;
  Frequency?: number;
  MaxNumberOfImageToKeep?: number;
  ValidTime?: string;
  ReplicationParameters?: string;
}

export type ChangeFault =
  'name' | 'description' | 'imageName' | 'hours' | 'keep' | 'validDays' | 'bandwidth' | 'freeze';

const day = 86_400_000;

/** A job as its form begins. */
export function changeOf(job: Job): Change {
  return {
    name: job.Name ?? '',
    description: job.Description ?? '',
    imageName: job.ImageName ?? '',
    hours: job.Frequency ?? '',
    keep: job.MaxNumberOfImageToKeep ?? '',
    validDays: daysOf(job),
    copy: optionsIn(job.ReplicationParameters),
  };
}

/** What differs from the job. */
export function changes(job: Job, change: Change): ChangeParams {
  const before = changeOf(job);
  const copy = written(change.copy);
  return {
    ...(change.name === before.name ? {} : { Name: change.name }),
    ...(change.description === before.description ? {} : { Description: change.description }),
    ...(change.imageName === before.imageName ? {} : { ImageName: change.imageName }),
    ...(change.hours === before.hours ? {} : { Frequency: Number(change.hours) }),
    ...(change.keep === before.keep ? {} : { MaxNumberOfImageToKeep: Number(change.keep) }),
    ...(change.validDays === before.validDays
      ? {}
      : { ValidTime: utc(Date.parse(job.CreationTime) + Number(change.validDays) * day) }),
    ...(copy === written(before.copy) ? {} : { ReplicationParameters: copy }),
  };
}

/** What is wrong with a change; a field that is as it was is never wrong. */
export function changeFaults(job: Job, change: Change): Set<ChangeFault> {
  const before = changeOf(job);
  const found = new Set<ChangeFault>(copyFaults(change.copy));
  const check = (fault: keyof Change & ChangeFault, fine: boolean): void => {
    if (change[fault] !== before[fault] && !fine) found.add(fault);
  };
  check('name', isName(change.name));
  check('description', isDescription(change.description));
  check('imageName', isName(change.imageName));
  check('hours', within(change.hours, 1, 168));
  check('keep', within(change.keep, 1, 10));
  check('validDays', within(change.validDays, 7, 90));
  return found;
}

function daysOf(job: Job): number | '' {
  const days = (Date.parse(job.ValidTime ?? '') - Date.parse(job.CreationTime)) / day;
  return Number.isNaN(days) ? '' : Math.round(days);
}

function within(value: number | '', least: number, most: number): boolean {
  return value !== '' && Number.isInteger(value) && value >= least && value <= most;
}

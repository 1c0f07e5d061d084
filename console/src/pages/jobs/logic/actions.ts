// What can be done with a job in the state that it is in: the console's reading of the state machine, which decides.

export const verbs = ['start', 'stop', 'cutOver', 'modify', 'delete'] as const;
export type Verb = (typeof verbs)[number];

/** Why something cannot be done now. */
export type Why = 'running' | 'notSyncing' | 'notRunning' | 'notWaiting' | 'once' | 'finished' | 'expired' | 'deleting';

/** What of a job can be changed. */
export type Changeable = 'words' | 'copying' | 'cycle' | 'beginning';

interface Standing {
  Status: string;
  BusinessStatus?: string | undefined;
  RunOnce: boolean;
  ValidTime?: string | undefined;
}

/** The job's status as an operation sees it: one that is past its time counts as expired before the clock has noted that. */
export function statusAt(job: Standing, now: number): string {
  const open = ['Ready', 'Stopped', 'InError', 'Waiting'].includes(job.Status);
  const until = Date.parse(job.ValidTime ?? '');
  return open && until <= now ? 'Expired' : job.Status;
}

/** For each action why it is not possible, or `null` where it is. */
export function refusals(job: Standing, now: number): Record<Verb, Why | null> {
  const status = statusAt(job, now);
  const over = gone(status);
  return {
    start: over ?? (status === 'Running' ? 'running' : null),
    stop: over ?? (status !== 'Running' ? 'notRunning' : job.BusinessStatus === 'Syncing' ? null : 'notSyncing'),
    cutOver: over ?? (job.RunOnce ? 'once' : status === 'Waiting' ? null : 'notWaiting'),
    modify: status === 'Deleting' ? 'deleting' : null,
    delete: status === 'Running' ? 'running' : status === 'Deleting' ? 'deleting' : null,
  };
}

/** What of the job can be changed now. */
export function changeable(job: Standing, now: number): ReadonlySet<Changeable> {
  const status = statusAt(job, now);
  if (status === 'Deleting') return new Set();
  if (gone(status)) return new Set(['words']);
  const found = new Set<Changeable>(['words', 'copying']);
  if (status === 'Ready' || status === 'Waiting') if (!job.RunOnce) found.add('cycle');
  if (status === 'Ready') found.add('beginning');
  return found;
}

function gone(status: string): Why | null {
  if (status === 'Finished') return 'finished';
  if (status === 'Expired') return 'expired';
  return status === 'Deleting' ? 'deleting' : null;
}

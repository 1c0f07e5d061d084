// When a job runs by itself, and how long its runs took.

interface Run {
  StartTime?: string | undefined;
  EndTime?: string | undefined;
  Type?: string | undefined;
  ImageId?: string | undefined;
}

interface Scheduled {
  Status: string;
  RunOnce: boolean;
  Frequency?: number | undefined;
  ScheduledStartTime?: string | undefined;
  ReplicationJobRuns: { ReplicationJobRun: readonly Run[] };
}

/**
 * When the next run begins by itself (milliseconds); `undefined` when none does or it cannot be told. A cycle begins `Frequency`
 * hours after the one before has ended.
 */
export function nextRun(job: Scheduled): number | undefined {
  if (job.Status === 'Ready') return moment(job.ScheduledStartTime);
  if (job.Status !== 'Waiting' || job.RunOnce || job.Frequency === undefined) return undefined;
  const ends = job.ReplicationJobRuns.ReplicationJobRun.flatMap((run) => moment(run.EndTime) ?? []);
  return ends.length === 0 ? undefined : Math.max(...ends) + job.Frequency * 3_600_000;
}

/** The job's runs, the newest first. */
export function newestFirst<R extends Run>(runs: readonly R[]): R[] {
  return [...runs].sort((a, b) => (moment(b.StartTime) ?? 0) - (moment(a.StartTime) ?? 0));
}

/** How long a run took, in milliseconds; `undefined` while it goes on. */
export function took(run: Run): number | undefined {
  const [start, end] = [moment(run.StartTime), moment(run.EndTime)];
  return start === undefined || end === undefined ? undefined : Math.max(0, end - start);
}

/**
 * How long a last run would take, judged by the last one that made an image and was not the first: the time between the source
 * standing still and its image being there.
 */
export function expectedDowntime(runs: readonly Run[]): number | undefined {
  const done = newestFirst(runs).filter((run) => run.ImageId);
  const last = done[0];
  return last && done.length > 1 ? took(last) : undefined;
}

function moment(text: string | undefined): number | undefined {
  const at = Date.parse(text ?? '');
  return Number.isNaN(at) ? undefined : at;
}

import { Group, Progress, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import type { ReplicationJob } from '@/api/generated';
import { useTexts } from '@/i18n/context';
import { StateBadge } from '@/ui/StateBadge';
import { wordsOf } from '@/ui/states';
import classes from './Jobs.module.css';

/** The state of a job, and while it runs what it does. */
export function JobState({ job }: { job: ReplicationJob }): ReactNode {
  const texts = useTexts();
  const doing = job.Status === 'Running' ? job.BusinessStatus : undefined;
  return (
    <Group gap={6} wrap="nowrap">
      <StateBadge kind="job" state={job.Status} />
      {doing && (
        <Text size="xs" c="dimmed" className={classes.nowrap}>
          {wordsOf(texts, 'phase', doing)}
        </Text>
      )}
    </Group>
  );
}

/** How much of a job's run is done; nothing for a job that was never started. */
export function JobProgress({ job }: { job: ReplicationJob }): ReactNode {
  const { jobs } = useTexts();
  if (job.Progress === undefined || (job.Status === 'Ready' && job.Progress === 0)) return <Text c="dimmed">–</Text>;
  // Rounded down, so that nothing is called done before it is.
  const percent = Math.floor(job.Progress);
  return (
    <Group gap="xs" wrap="nowrap" className={classes.progress}>
      <Progress.Root size={6} className={classes.bar}>
        <Progress.Section value={percent} color={colorOf(job.Status)} aria-label={jobs.list.done(percent)} />
      </Progress.Root>
      <span>{percent} %</span>
    </Group>
  );
}

function colorOf(status: string): string {
  if (status === 'InError') return 'var(--lf-bad)';
  return status === 'Running' ? 'var(--lf-busy)' : 'var(--lf-good)';
}

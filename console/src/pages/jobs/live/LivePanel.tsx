import { Group, Progress, Stack, Text } from '@mantine/core';
import { lazy, Suspense, type ReactNode } from 'react';
import type { Link } from '@/api/follow';
import type { ReplicationJob } from '@/api/generated';
import { useTexts } from '@/i18n/context';
import { Loading } from '@/ui/Loading';
import { Panel } from '@/ui/Panel';
import { StateBadge } from '@/ui/StateBadge';
import type { Figures } from '../logic/figures';
import type { History } from '../logic/rates';
import { expectedDowntime } from '../logic/schedule';
import { DiskBars } from './DiskBars';
import { Passes } from './Passes';
import { RunFigures } from './RunFigures';
import { TrackingNote } from './TrackingNote';

const RateChart = lazy(async () => ({ default: (await import('./RateChart')).RateChart }));

interface LivePanelProps {
  job: ReplicationJob;
  figures: Figures | undefined;
  history: History;
  link: Link;
}

/** How the run of a job gets on, or how the last one went. */
export function LivePanel({ job, figures, history, link }: LivePanelProps): ReactNode {
  const { live } = useTexts().jobs;
  const running = job.Status === 'Running';
  if (!running && !figures) return null;
  return (
    <Panel title={running ? live.title : live.titleLast} actions={running && <LinkBadge link={link} />}>
      <Stack gap="md">
        {running && <Overall job={job} figures={figures} />}
        {figures && running && <DiskBars figures={figures} />}
        {figures && (
          <RunFigures
            figures={figures}
            history={history}
            running={running}
            parameters={job.ReplicationParameters}
            downtime={job.RunOnce ? undefined : expectedDowntime(job.ReplicationJobRuns.ReplicationJobRun)}
          />
        )}
        {figures && <Passes passes={figures.passes} />}
        {figures?.tracking && <TrackingNote tracking={figures.tracking} unproven={figures.unproven} />}
        {running && history.samples.length > 0 && (
          <Suspense fallback={<Loading rows={3} />}>
            <RateChart samples={history.samples} />
          </Suspense>
        )}
      </Stack>
    </Panel>
  );
}

function LinkBadge({ link }: { link: Link }): ReactNode {
  const { live } = useTexts().jobs;
  return <StateBadge tone={link === 'live' ? 'good' : 'wait'} label={live[link]} />;
}

function Overall({ job, figures }: { job: ReplicationJob; figures: Figures | undefined }): ReactNode {
  const { jobs } = useTexts();
  const percent = Math.floor(job.Progress ?? 0);
  return (
    <div>
      <Group justify="space-between" gap="xs" mb={6}>
        <Text fw={550}>
          {figures?.pass !== undefined && figures.phase !== 'image' && `${jobs.live.pass(figures.pass)}: `}
          {useDoing(job, figures)}
        </Text>
        <Text fw={600}>{percent} %</Text>
      </Group>
      <Progress.Root size="md">
        <Progress.Section value={percent} color="var(--lf-busy)" aria-label={jobs.list.done(percent)} />
      </Progress.Root>
    </div>
  );
}

/** What a running job does, in words. */
function useDoing(job: ReplicationJob, figures: Figures | undefined): string {
  const { live } = useTexts().jobs;
  switch (job.BusinessStatus) {
    case 'Preparing':
      return live.preparing;
    case 'Cleaning':
      return live.cleaning;
    case 'Processing':
      return live.phase.image;
    default:
      return figures ? live.phase[figures.phase] : live.waitsForAgent;
  }
}

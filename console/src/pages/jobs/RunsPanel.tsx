import { Anchor, Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { Link } from 'react-router';
import type { Image, ReplicationJob, ReplicationJobReplicationJobRun as Run } from '@/api/generated';
import { useOperation } from '@/api/queries';
import { useTexts } from '@/i18n/context';
import { DataTable, type Column } from '@/ui/DataTable';
import { Duration } from '@/ui/Figures';
import { Panel } from '@/ui/Panel';
import { When } from '@/ui/When';
import { ImageProof } from '../images/ImageProof';
import { newestFirst, took } from './logic/schedule';
import { filled } from './logic/words';

/** The images of a job that are left, by their ids; `undefined` while that is not known. */
type Left = ReadonlyMap<string, Image> | undefined;

/** The runs of a job, and the images they left. */
export function RunsPanel({ job }: { job: ReplicationJob }): ReactNode {
  const { jobs } = useTexts();
  const made = useOperation('DescribeImages', { JobId: job.JobId, PageSize: 50 });
  // While it cannot be told which images are left, none is called removed.
  const left = made.data && new Map(made.data.Images.Image.map((image) => [image.ImageId, image]));
  return (
    <Panel title={jobs.runs.title} flush>
      <DataTable
        label={jobs.runs.label}
        columns={useColumns(left)}
        rows={newestFirst(job.ReplicationJobRuns.ReplicationJobRun)}
        rowKey={(run) => run.StartTime ?? ''}
        empty={
          <Text c="dimmed" p="md">
            {jobs.runs.empty}
          </Text>
        }
      />
      {job.ReplicationJobRuns.ReplicationJobRun.some((run) => run.ImageId) && (
        <Text size="sm" c="dimmed" p="md" pt="xs">
          {jobs.runs.verification}
        </Text>
      )}
    </Panel>
  );
}

function useColumns(left: Left): Column<Run>[] {
  const { jobs } = useTexts();
  const { runs } = jobs;
  return [
    {
      key: 'type',
      header: runs.type,
      cell: (run) => (runs.types as Record<string, string>)[run.Type ?? ''] ?? run.Type,
    },
    { key: 'start', header: runs.start, cell: (run) => <When time={run.StartTime} /> },
    {
      key: 'took',
      header: runs.took,
      cell: (run) => {
        const lasted = took(run);
        return lasted === undefined ? <Text c="dimmed">{runs.going}</Text> : <Duration seconds={lasted / 1000} />;
      },
    },
    { key: 'image', header: runs.image, cell: (run) => <RunImage run={run} left={left} /> },
  ];
}

function RunImage({ run, left }: { run: Run; left: Left }): ReactNode {
  const { runs } = useTexts().jobs;
  if (!run.ImageId) return <Text c="dimmed">{run.EndTime ? runs.noImage : '–'}</Text>;
  if (left && !left.has(run.ImageId)) {
    return (
      <Text c="dimmed">
        <span className="mono">{run.ImageId}</span> ({runs.gone})
      </Text>
    );
  }
  const image = left?.get(run.ImageId);
  return (
    <Stack gap={2} align="flex-start">
      <Anchor component={Link} to={`/images/${run.ImageId}`}>
        {filled(image?.ImageName, run.ImageId)}
      </Anchor>
      {image && <ImageProof image={image} />}
    </Stack>
  );
}

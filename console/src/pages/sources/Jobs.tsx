import { Anchor, Button } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useState, type ReactNode } from 'react';
import { Link, useNavigate } from 'react-router';
import type { ReplicationJob } from '@/api/generated';
import { useOperation } from '@/api/queries';
import { useTexts } from '@/i18n/context';
import { DataTable, type Column } from '@/ui/DataTable';
import { Empty } from '@/ui/Empty';
import { StateBadge } from '@/ui/StateBadge';
import { When } from '@/ui/When';
import { nameOr } from '../tokens/standing';

const size = 20;

/** The replication jobs of a source. */
export function Jobs({ sourceId }: { sourceId: string }): ReactNode {
  const { jobs } = useTexts().sources;
  const navigate = useNavigate();
  const [page, setPage] = useState(1);
  const list = useOperation(
    'DescribeReplicationJobs',
    { SourceId: [sourceId], PageNumber: page, PageSize: size },
    { keepPrevious: true, every: 10_000 },
  );
  const total = list.data?.TotalCount ?? 0;
  const columns: Column<ReplicationJob>[] = [
    {
      key: 'name',
      header: jobs.name,
      cell: (job) => (
        <Anchor component={Link} to={`/jobs/${job.JobId ?? ''}`} fw={550}>
          {nameOr(job.Name, job.JobId ?? '')}
        </Anchor>
      ),
    },
    { key: 'status', header: jobs.status, cell: (job) => <StateBadge kind="job" state={job.Status} /> },
    {
      key: 'progress',
      header: jobs.progress,
      end: true,
      cell: (job) => (job.Progress === undefined ? '' : `${Math.floor(job.Progress)} %`),
    },
    { key: 'created', header: jobs.created, cell: (job) => <When time={job.CreationTime} away /> },
  ];
  return (
    <DataTable
      label={jobs.title}
      columns={columns}
      rows={list.data?.ReplicationJobs.ReplicationJob}
      rowKey={(job) => job.JobId ?? job.CreationTime}
      failure={list.error}
      onRetry={() => void list.refetch()}
      onOpen={(job) => void navigate(`/jobs/${job.JobId ?? ''}`)}
      {...(total > size && { paging: { page, size, total, onPage: setPage } })}
      empty={
        <Empty
          title={jobs.none}
          action={
            <Button
              component={Link}
              to={`/jobs/new?source=${encodeURIComponent(sourceId)}`}
              variant="default"
              leftSection={<IconPlus size={16} aria-hidden />}
            >
              {jobs.create}
            </Button>
          }
        />
      }
    />
  );
}

import { Anchor, Button, Group, Select, Stack, Text, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { IconCloudUpload, IconPlus } from '@tabler/icons-react';
import { useState, type ReactNode } from 'react';
import { Link, useNavigate, useSearchParams } from 'react-router';
import type { ReplicationJob } from '@/api/generated';
import { useOperation } from '@/api/queries';
import { useTexts } from '@/i18n/context';
import { DataTable, type Column } from '@/ui/DataTable';
import { Empty } from '@/ui/Empty';
import { PageHeader } from '@/ui/PageHeader';
import { Panel } from '@/ui/Panel';
import { wordsOf } from '@/ui/states';
import { When } from '@/ui/When';
import { JobProgress, JobState } from './JobState';
import classes from './Jobs.module.css';
import { filtersIn, statuses, type Filters } from './logic/filters';
import { nextRun } from './logic/schedule';
import { filled } from './logic/words';
import { SourceSelect } from './SourceSelect';
import { useFreshJobs } from './watch';

const size = 20;

/** Every replication job, a page at a time. */
export function JobList(): ReactNode {
  const { jobs } = useTexts();
  const [query, setQuery] = useSearchParams();
  const filters = filtersIn(query);
  const link = useFreshJobs(() => true);
  const listed = useOperation(
    'DescribeReplicationJobs',
    {
      PageNumber: filters.page,
      PageSize: size,
      Status: filters.status,
      Name: filters.name || undefined,
      SourceId: filters.source ? [filters.source] : undefined,
    },
    { keepPrevious: true, every: link === 'live' ? 30_000 : 5_000 },
  );
  const rows = listed.data?.ReplicationJobs.ReplicationJob;
  const names = useSourceNames(rows);
  const change = (changed: Partial<Filters>): void => setQuery(writtenFilters({ ...filters, page: 1, ...changed }));
  return (
    <>
      <PageHeader title={jobs.title} lead={jobs.lead} actions={<NewJob source={filters.source} />} />
      <Panel flush>
        <FilterBar key={filters.name} filters={filters} onChange={change} />
        <DataTable
          label={jobs.list.label}
          columns={useColumns(names)}
          rows={rows}
          rowKey={(job) => job.JobId ?? ''}
          failure={listed.error}
          onRetry={() => void listed.refetch()}
          onOpen={useOpen()}
          paging={{ page: filters.page, size, total: listed.data?.TotalCount ?? 0, onPage: (page) => change({ page }) }}
          empty={<NoJobs filtered={Boolean(filters.status ?? (filters.name || filters.source))} />}
        />
      </Panel>
    </>
  );
}

function useOpen(): (job: ReplicationJob) => void {
  const navigate = useNavigate();
  return (job) => void navigate(`/jobs/${job.JobId ?? ''}`);
}

function NewJob({ source }: { source?: string | undefined }): ReactNode {
  const { jobs } = useTexts();
  const to = source ? `/jobs/new?source=${encodeURIComponent(source)}` : '/jobs/new';
  return (
    <Button component={Link} to={to} leftSection={<IconPlus size={16} aria-hidden />}>
      {jobs.create}
    </Button>
  );
}

function NoJobs({ filtered }: { filtered: boolean }): ReactNode {
  const { jobs, common } = useTexts();
  if (filtered) return <Empty title={common.nothingMatches} hint={common.nothingMatchesHint} />;
  return <Empty icon={IconCloudUpload} title={jobs.list.empty} hint={jobs.list.emptyHint} action={<NewJob />} />;
}

interface FilterBarProps {
  filters: Filters;
  onChange: (changed: Partial<Filters>) => void;
}

function FilterBar({ filters, onChange }: FilterBarProps): ReactNode {
  const texts = useTexts();
  const { list } = texts.jobs;
  const [name, setName] = useState(filters.name);
  const search = useDebouncedCallback((text: string) => onChange({ name: text }), 500);
  const data = statuses.map((value) => ({ value, label: wordsOf(texts, 'job', value) }));
  return (
    <Group p="sm" gap="sm" align="flex-end">
      <Select
        label={list.state}
        placeholder={list.anyState}
        data={data}
        value={filters.status ?? null}
        onChange={(value) => onChange({ status: statuses.find((one) => one === value) })}
        clearable
        clearButtonProps={{ 'aria-label': texts.common.clearFilters }}
        w={{ base: '100%', xs: 150 }}
      />
      <SourceSelect value={filters.source} onChange={(source) => onChange({ source })} />
      <TextInput
        label={list.name}
        placeholder={list.nameHint}
        value={name}
        onChange={(event) => {
          setName(event.currentTarget.value);
          search(event.currentTarget.value.trim());
        }}
        w={{ base: '100%', xs: 200 }}
      />
    </Group>
  );
}

/** What sources are called, for the ids in sight. */
function useSourceNames(rows: readonly ReplicationJob[] | undefined): ReadonlyMap<string, string> {
  const ids = [...new Set(rows?.map((job) => job.SourceId) ?? [])].sort();
  const named = useOperation(
    'DescribeSourceServers',
    { SourceId: ids, PageSize: 50 },
    { enabled: ids.length > 0, keepPrevious: true },
  );
  return new Map(named.data?.SourceServers.SourceServer.map((source) => [source.SourceId, source.Name ?? '']));
}

function useColumns(names: ReadonlyMap<string, string>): Column<ReplicationJob>[] {
  const { jobs } = useTexts();
  const { list } = jobs;
  return [
    {
      key: 'job',
      header: list.job,
      cell: (job) => (
        <Stack gap={0}>
          <Anchor component={Link} to={`/jobs/${job.JobId ?? ''}`} className={classes.name}>
            {filled(job.Name, jobs.unnamed)}
          </Anchor>
          <span className={classes.id}>{job.JobId}</span>
        </Stack>
      ),
    },
    { key: 'state', header: list.state, cell: (job) => <JobState job={job} /> },
    { key: 'progress', header: list.progress, cell: (job) => <JobProgress job={job} /> },
    {
      key: 'source',
      header: list.source,
      cell: (job) => (
        <Anchor component={Link} to={`/sources/${job.SourceId}`} className={classes.name}>
          {filled(names.get(job.SourceId), job.SourceId)}
        </Anchor>
      ),
    },
    {
      key: 'kind',
      header: list.kind,
      wide: true,
      cell: (job) => (job.RunOnce ? jobs.once : jobs.incremental(job.Frequency ?? 0)),
    },
    { key: 'next', header: list.next, cell: (job) => <NextRun job={job} /> },
    { key: 'created', header: list.created, wide: true, cell: (job) => <When time={job.CreationTime} away /> },
  ];
}

/** When a job runs next by itself. */
export function NextRun({ job }: { job: ReplicationJob }): ReactNode {
  const { jobs } = useTexts();
  const next = nextRun(job);
  if (next !== undefined) return <When time={new Date(next).toISOString()} away />;
  return <Text c="dimmed">{job.Status === 'Ready' ? jobs.list.byHand : '–'}</Text>;
}

function writtenFilters(filters: Filters): URLSearchParams {
  const query = new URLSearchParams();
  if (filters.status) query.set('status', filters.status);
  if (filters.source) query.set('source', filters.source);
  if (filters.name) query.set('name', filters.name);
  if (filters.page > 1) query.set('page', String(filters.page));
  return query;
}

import { Button, Group, Stack, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconServer2 } from '@tabler/icons-react';
import { useState, type ReactNode } from 'react';
import { Link } from 'react-router';
import type { SourceServer } from '@/api/generated';
import { useOperation } from '@/api/queries';
import { useTexts } from '@/i18n/context';
import { DataTable, type Column } from '@/ui/DataTable';
import { Empty } from '@/ui/Empty';
import { StateBadge } from '@/ui/StateBadge';
import classes from '../Jobs.module.css';
import type { ChosenSource } from '../logic/draft';
import { lookupOf } from '../logic/lookup';
import { filled } from '../logic/words';
import type { StepProps } from './StepProps';

const size = 10;

/** Which sources are copied; one job each. */
export function SourcesStep({ draft, onChange }: StepProps): ReactNode {
  const { jobs } = useTexts();
  const { wizard } = jobs;
  const [typed, setTyped] = useState('');
  const [search] = useDebouncedValue(typed, 400);
  const [page, setPage] = useState(1);
  const listed = useOperation(
    'DescribeSourceServers',
    { ...lookupOf(search), PageNumber: page, PageSize: size },
    { keepPrevious: true, every: 10_000 },
  );
  const rows = listed.data?.SourceServers.SourceServer;
  const choose = (keys: ReadonlySet<string>): void => onChange({ sources: chosenOf(draft.sources, rows ?? [], keys) });
  return (
    <>
      <Stack p="md" gap="xs">
        <Text c="dimmed">{wizard.sourcesHint}</Text>
        <Group justify="space-between" align="flex-end">
          <TextInput
            label={wizard.findSource}
            value={typed}
            onChange={(event) => {
              setTyped(event.currentTarget.value);
              setPage(1);
            }}
            w={320}
            maw="100%"
          />
          <Group gap="xs" role="status">
            <Text fw={550}>{wizard.chosen(draft.sources.length)}</Text>
            {draft.sources.length > 0 && (
              <Button variant="subtle" size="xs" onClick={() => onChange({ sources: [] })}>
                {wizard.clear}
              </Button>
            )}
          </Group>
        </Group>
      </Stack>
      <DataTable
        label={wizard.sourcesLabel}
        columns={useColumns()}
        rows={rows}
        rowKey={(source) => source.SourceId}
        failure={listed.error}
        onRetry={() => void listed.refetch()}
        selection={{ keys: new Set(draft.sources.map(({ id }) => id)), onChange: choose }}
        paging={{ page, size, total: listed.data?.TotalCount ?? 0, onPage: setPage }}
        empty={<NoSources filtered={search.trim() !== ''} />}
      />
    </>
  );
}

/** A source with a job that is not done cannot have another, and is not chosen. */
function isBusy(source: SourceServer): boolean {
  return source.State === 'InUse' || source.State === 'Deleting';
}

/** The choice after that of a page: what was chosen elsewhere stays. */
function chosenOf(
  before: readonly ChosenSource[],
  rows: readonly SourceServer[],
  keys: ReadonlySet<string>,
): ChosenSource[] {
  const here = new Map(rows.map((source) => [source.SourceId, source]));
  const elsewhere = before.filter(({ id }) => !here.has(id));
  const chosen = rows.filter((source) => keys.has(source.SourceId) && !isBusy(source));
  return [...elsewhere, ...chosen.map((source) => ({ id: source.SourceId, name: source.Name ?? '' }))];
}

function useColumns(): Column<SourceServer>[] {
  const { jobs } = useTexts();
  const { wizard } = jobs;
  return [
    {
      key: 'source',
      header: wizard.source,
      cell: (source) => (
        <Stack gap={0}>
          <span className={classes.name}>{filled(source.Name, source.SourceId)}</span>
          <span className={classes.id}>{source.SourceId}</span>
        </Stack>
      ),
    },
    {
      key: 'state',
      header: jobs.list.state,
      cell: (source) => (
        <Stack gap={2} align="flex-start">
          <StateBadge kind="source" state={source.State} />
          {isBusy(source) && (
            <Text size="xs" c="dimmed">
              {wizard.busySource}
            </Text>
          )}
          {source.State === 'Unavailable' && (
            <Text size="xs" c="dimmed">
              {wizard.offlineSource}
            </Text>
          )}
        </Stack>
      ),
    },
    {
      key: 'disks',
      header: wizard.disks,
      wide: true,
      cell: (source) =>
        [source.SystemDiskSize, ...source.DataDisks.DataDisk.map((disk) => disk.Size)]
          .flatMap((gib) => (gib === undefined ? [] : `${gib} GiB`))
          .join(' + '),
    },
  ];
}

function NoSources({ filtered }: { filtered: boolean }): ReactNode {
  const { jobs, common } = useTexts();
  if (filtered) return <Empty title={common.nothingMatches} hint={common.nothingMatchesHint} />;
  return (
    <Empty
      icon={IconServer2}
      title={jobs.wizard.noSources}
      hint={jobs.wizard.noSourcesHint}
      action={
        <Button component={Link} to="/tokens" variant="default">
          {jobs.wizard.toTokens}
        </Button>
      }
    />
  );
}

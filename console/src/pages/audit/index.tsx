import { Anchor, Autocomplete, Button, Group, SimpleGrid, Stack, Text, TextInput } from '@mantine/core';
import { IconHistory } from '@tabler/icons-react';
import { useState, type ReactNode } from 'react';
import { Link, useSearchParams } from 'react-router';
import { useOperation } from '@/api/queries';
import { useTexts } from '@/i18n/context';
import { DataTable } from '@/ui/DataTable';
import { Empty } from '@/ui/Empty';
import { PageHeader } from '@/ui/PageHeader';
import { Panel } from '@/ui/Panel';
import { LinkedText, placeOf } from '@/ui/LinkedText';
import { When } from '@/ui/When';
import { fields, isTime, kinds, request, type Field } from './filters';

/** What was done, by whom and from where. What it is narrowed to stands in the address, so that it can be linked to. */
export function Audit(): ReactNode {
  const { audit } = useTexts();
  const [search] = useSearchParams();
  const narrowed = search.toString();
  return (
    <>
      <PageHeader title={audit.title} lead={audit.lead} />
      <Stack>
        <Filters key={`filters ${narrowed}`} />
        <Entries key={narrowed} />
      </Stack>
    </>
  );
}

function Filters(): ReactNode {
  const { audit, common } = useTexts();
  const [search, setSearch] = useSearchParams();
  const [draft, setDraft] = useState(() => new Map(fields.map((field) => [field, search.get(field) ?? ''])));
  const value = (field: Field): string => draft.get(field) ?? '';
  const set = (field: Field, text: string): void => setDraft((before) => new Map(before).set(field, text));
  const wrong = (field: Field): string | false => value(field) !== '' && !isTime(value(field)) && audit.timeWrong;
  const apply = (): void => setSearch(new URLSearchParams([...draft].filter(([, text]) => text.trim() !== '')));
  const text = (field: Field, label: string, more: { description?: string; placeholder?: string } = {}): ReactNode => (
    <TextInput
      label={label}
      value={value(field)}
      onChange={(event) => set(field, event.currentTarget.value)}
      error={(field === 'from' || field === 'to') && wrong(field)}
      inputWrapperOrder={['label', 'input', 'description', 'error']}
      {...more}
    />
  );
  return (
    <Panel>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (wrong('from') === false && wrong('to') === false) apply();
        }}
      >
        <SimpleGrid cols={{ base: 1, sm: 2, lg: 5 }}>
          <Autocomplete
            label={audit.event}
            placeholder={audit.anyEvent}
            data={kinds}
            limit={50}
            value={value('event')}
            onChange={(event) => set('event', event)}
          />
          {text('about', audit.resource, { description: audit.resourceHint })}
          {text('by', audit.actor)}
          {text('from', audit.from, { placeholder: '2026-11-24T00:00:00Z' })}
          {text('to', audit.to, { placeholder: '2026-11-25T00:00:00Z' })}
        </SimpleGrid>
        <Group mt="sm">
          <Button type="submit">{common.filter}</Button>
          {search.size > 0 && (
            <Button variant="default" onClick={() => setSearch(new URLSearchParams())}>
              {common.clearFilters}
            </Button>
          )}
        </Group>
      </form>
    </Panel>
  );
}

function Entries(): ReactNode {
  const { audit, common } = useTexts();
  const [search] = useSearchParams();
  // Where each page begins that has been seen; the first begins nowhere.
  const [tokens, setTokens] = useState<readonly (string | undefined)[]>([undefined]);
  const { data, error, refetch } = useOperation('ListAuditEvents', request(search, tokens.at(-1)), {
    keepPrevious: true,
  });
  const next = data?.NextToken;
  return (
    <Panel flush>
      <DataTable
        label={audit.label}
        rows={data?.AuditEvents.AuditEvent}
        rowKey={(entry) => entry.EventId}
        failure={error}
        onRetry={() => void refetch()}
        empty={
          search.size > 0 ? (
            <Empty icon={IconHistory} title={common.nothingMatches} hint={common.nothingMatchesHint} />
          ) : (
            <Empty icon={IconHistory} title={audit.empty} />
          )
        }
        columns={[
          { key: 'time', header: audit.time, whole: true, cell: (entry) => <When time={entry.Time} /> },
          { key: 'event', header: audit.event, whole: true, cell: (entry) => <code>{entry.Event}</code> },
          { key: 'about', header: audit.resource, cell: (entry) => <About resource={entry.ResourceId ?? ''} /> },
          { key: 'actor', header: audit.actor, cell: (entry) => <span className="mono">{entry.Actor}</span> },
          { key: 'address', header: audit.address, wide: true, whole: true, cell: (entry) => entry.SourceIp ?? '' },
          {
            key: 'detail',
            header: audit.detail,
            cell: (entry) => (
              <span>
                <LinkedText text={entry.Detail ?? ''} />
              </span>
            ),
          },
        ]}
      />
      {(tokens.length > 1 || (next !== undefined && next !== '')) && (
        <Group justify="space-between" p="sm">
          <Text size="sm" c="dimmed" role="status">
            {audit.page(tokens.length)}
          </Text>
          <Group gap="xs">
            <Button
              variant="default"
              size="xs"
              disabled={tokens.length === 1}
              onClick={() => setTokens(tokens.slice(0, -1))}
            >
              {audit.newer}
            </Button>
            <Button
              variant="default"
              size="xs"
              disabled={next === undefined || next === ''}
              onClick={() => setTokens([...tokens, next])}
            >
              {audit.older}
            </Button>
          </Group>
        </Group>
      )}
    </Panel>
  );
}

function About({ resource }: { resource: string }): ReactNode {
  const place = placeOf(resource);
  if (place === null) return <span className="mono">{resource}</span>;
  return (
    <Anchor component={Link} to={place} className="mono">
      {resource}
    </Anchor>
  );
}

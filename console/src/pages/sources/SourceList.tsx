import { Anchor, Button, Select, TextInput } from '@mantine/core';
import { IconPlus, IconServer2 } from '@tabler/icons-react';
import { useState, type ReactNode } from 'react';
import { Link, useNavigate, useSearchParams } from 'react-router';
import type { SourceServer } from '@/api/generated';
import { useStretch } from '@/api/queries';
import { useLanguage, useTexts } from '@/i18n/context';
import { DataTable, type Column } from '@/ui/DataTable';
import { Empty } from '@/ui/Empty';
import { bytes } from '@/ui/format/format';
import { PageHeader } from '@/ui/PageHeader';
import { Panel } from '@/ui/Panel';
import { StateBadge } from '@/ui/StateBadge';
import { When } from '@/ui/When';
import { nameOr } from '../tokens/standing';
import { filtersIn, findable, finders, pageIn, parametersOf, searchOf, states, type Filters } from './find';
import classes from './Sources.module.css';
import { disksOf, hostOf } from './server';
import { Tag } from './Tag';

/** The most that the contract gives at once. */
const most = 50;
/** Rows of a page, of which a person chooses. */
const sizes = [most, 200, 500] as const;
const shownTags = 3;

/** The servers that imported themselves, a page at a time. */
export function SourceList(): ReactNode {
  const texts = useTexts();
  const { sources } = texts;
  const navigate = useNavigate();
  const [search, setSearch] = useSearchParams();
  const filters = filtersIn(search);
  const size = sizes.find((one) => String(one) === search.get('rows')) ?? most;
  const page = pageIn(search);
  const list = useStretch(
    'DescribeSourceServers',
    parametersOf(filters),
    { page, size, most },
    { keepPrevious: true, every: 15_000 },
  );
  const show = (found: Filters, rows: number, next = 1): void => {
    const rest = { ...(rows === most ? {} : { rows: String(rows) }), ...(next === 1 ? {} : { page: String(next) }) };
    setSearch({ ...searchOf(found), ...rest }, { replace: next === 1 });
  };
  const filtered = filters.state !== undefined || filters.text !== '';
  const toCodes = (
    <Button component={Link} to="/tokens?new=1" leftSection={<IconPlus size={16} aria-hidden />}>
      {sources.import}
    </Button>
  );
  return (
    <>
      <PageHeader title={sources.title} lead={sources.lead} actions={toCodes} />
      <Panel flush>
        <FilterBar key={JSON.stringify(filters)} filters={filters} onChange={(next) => show(next, size)} />
        <DataTable
          label={sources.table}
          columns={useColumns()}
          rows={list.data?.flatMap((part) => part.SourceServers.SourceServer)}
          rowKey={(source) => source.SourceId}
          failure={list.error}
          onRetry={() => void list.refetch()}
          onOpen={(source) => void navigate(`/sources/${source.SourceId}`)}
          paging={{
            page,
            size,
            sizes,
            total: list.data?.[0]?.TotalCount ?? 0,
            onPage: (next) => show(filters, size, next),
            onSize: (rows) => show(filters, rows),
          }}
          empty={
            filtered ? (
              <Empty
                title={texts.common.nothingMatches}
                hint={texts.common.nothingMatchesHint}
                action={
                  <Button variant="default" onClick={() => setSearch({}, { replace: true })}>
                    {texts.common.clearFilters}
                  </Button>
                }
              />
            ) : (
              <Empty icon={IconServer2} title={sources.empty} hint={sources.emptyHint} action={toCodes} />
            )
          }
        />
      </Panel>
    </>
  );
}

interface FilterBarProps {
  filters: Filters;
  onChange: (filters: Filters) => void;
}

function FilterBar({ filters, onChange }: FilterBarProps): ReactNode {
  const texts = useTexts();
  const words = texts.sources.filters;
  const [finder, setFinder] = useState(filters.finder);
  const [text, setText] = useState(filters.text);
  const can = findable(finder, text);
  return (
    <div className={classes.filters}>
      <Select
        label={words.state}
        placeholder={words.anyState}
        clearable
        w={160}
        value={filters.state ?? null}
        onChange={(value) => onChange({ ...filters, state: states.find((one) => one === value) })}
        data={states.map((one) => ({ value: one, label: texts.states.source[one] }))}
        clearButtonProps={{ 'aria-label': texts.common.clearFilters }}
      />
      <form
        className={classes.find}
        onSubmit={(event) => {
          event.preventDefault();
          if (can) onChange({ ...filters, finder, text: text.trim() });
        }}
      >
        <Select
          label={words.by}
          w={190}
          allowDeselect={false}
          value={finder}
          onChange={(value) => setFinder(finders.find((one) => one === value) ?? 'name')}
          data={finders.map((one) => ({ value: one, label: words[one] }))}
        />
        <TextInput
          flex={1}
          miw={140}
          aria-label={words[finder]}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          error={can ? undefined : finder === 'id' ? words.badId : words.badTag}
        />
        <Button type="submit" variant="default" disabled={!can}>
          {words.apply}
        </Button>
      </form>
    </div>
  );
}

function useColumns(): Column<SourceServer>[] {
  const { sources, common } = useTexts();
  const { locale } = useLanguage();
  const { columns } = sources;
  return [
    {
      key: 'name',
      header: columns.name,
      cell: (source) => (
        <div className={classes.name}>
          <Anchor component={Link} to={`/sources/${source.SourceId}`} fw={550}>
            {nameOr(source.Name, source.SourceId)}
          </Anchor>
          <span className={classes.under}>{hostOf(source)}</span>
        </div>
      ),
    },
    { key: 'state', header: columns.state, cell: (source) => <StateBadge kind="source" state={source.State} /> },
    { key: 'system', header: columns.system, cell: (source) => source.Platform ?? common.unknown },
    {
      key: 'disks',
      header: columns.disks,
      cell: (source) => {
        const { count, sizeBytes } = disksOf(source);
        return sources.disksOf(count, bytes(sizeBytes, locale));
      },
    },
    {
      key: 'tags',
      header: columns.tags,
      wide: true,
      cell: ({ Tags }) => (
        <div className={classes.tags}>
          {Tags.Tag.slice(0, shownTags).map((tag) => (
            <Tag key={tag.Key} tag={tag} />
          ))}
          {Tags.Tag.length > shownTags && sources.moreTags(Tags.Tag.length - shownTags)}
        </div>
      ),
    },
    { key: 'agent', header: columns.agent, wide: true, cell: (source) => source.AgentVersion ?? common.unknown },
    { key: 'imported', header: columns.imported, cell: (source) => <When time={source.CreationTime} away /> },
  ];
}

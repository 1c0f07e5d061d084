import { Select } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useState, type ReactNode } from 'react';
import { useOperation } from '@/api/queries';
import { useTexts } from '@/i18n/context';
import { useFailureLine } from '@/ui/Failure';
import { lookupOf } from './logic/lookup';
import { filled } from './logic/words';

interface SourceSelectProps {
  value: string | undefined;
  onChange: (source: string | undefined) => void;
}

/** Chooses one source: of the newest, or by its exact name or id, since there may be thousands. */
export function SourceSelect({ value, onChange }: SourceSelectProps): ReactNode {
  const { jobs, common } = useTexts();
  const [typed, setTyped] = useState('');
  const [search] = useDebouncedValue(typed, 400);
  const newest = useOperation('DescribeSourceServers', { PageSize: 20 });
  const lookup = lookupOf(search);
  const found = useOperation('DescribeSourceServers', { ...lookup, PageSize: 20 }, { enabled: lookup !== undefined });
  const chosen = useOperation('DescribeSourceServers', { SourceId: [value ?? ''] }, { enabled: value !== undefined });
  const options = new Map<string, string>(value === undefined ? [] : [[value, value]]);
  for (const { data } of [chosen, newest, found]) {
    for (const { SourceId, Name } of data?.SourceServers.SourceServer ?? [])
      options.set(SourceId, filled(Name, SourceId));
  }
  return (
    <Select
      label={jobs.list.source}
      placeholder={jobs.list.anySource}
      data={[...options].map(([id, label]) => ({ value: id, label }))}
      value={value ?? null}
      onChange={(source) => onChange(source ?? undefined)}
      searchable
      onSearchChange={setTyped}
      nothingFoundMessage={common.nothingMatches}
      error={useFailureLine(newest.error ?? found.error)}
      clearable
      clearButtonProps={{ 'aria-label': common.clearFilters }}
      w={{ base: '100%', xs: 220 }}
    />
  );
}

import { Anchor, Group, Stack, Text, TextInput } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { useEffect, useState, type ReactNode } from 'react';
import { Link, useLocation } from 'react-router';
import { errorEntry, type ErrorEntry } from '@/explorer/model.ts';
import { errorPath, operationPath } from '@/explorer/paths';
import { useTexts } from '@/i18n/context';
import { Empty } from '@/ui/Empty';
import { Panel } from '@/ui/Panel';
import { contract } from './contract';
import classes from './explorer.module.css';

/** Every error code with its cause and what to do; an address with `#Code` leads to one. */
export function ErrorCodes(): ReactNode {
  const { errors: words } = useTexts().explorer;
  const [search, setSearch] = useState('');
  const { hash } = useLocation();
  const wanted = decoded(hash.slice(1));
  const here = wanted === '' ? undefined : errorEntry(contract.errors, wanted);
  useEffect(() => {
    if (here) document.getElementById(here.code)?.scrollIntoView({ block: 'center' });
  }, [here]);
  const text = search.toLowerCase();
  const found = unique(contract.errors).filter(({ code, cause }) => `${code} ${cause}`.toLowerCase().includes(text));
  return (
    <Panel>
      <TextInput
        type="search"
        maw={420}
        aria-label={words.search}
        placeholder={words.search}
        leftSection={<IconSearch size={16} aria-hidden />}
        value={search}
        onChange={(event) => setSearch(event.currentTarget.value)}
      />
      {found.length === 0 && <Empty title={words.none} />}
      {found.map((entry) => (
        <Entry key={entry.code} entry={entry} here={entry === here} />
      ))}
    </Panel>
  );
}

function Entry({ entry, here }: { entry: ErrorEntry; here: boolean }): ReactNode {
  const { errors: words } = useTexts().explorer;
  const users = contract.operations.filter(({ errors }) =>
    errors.some((code) => errorEntry([entry], code) !== undefined),
  );
  return (
    <section className={classes.error} id={entry.code} data-here={here}>
      <Stack gap={4}>
        <Group gap="xs">
          <Anchor
            component={Link}
            to={errorPath(entry.code)}
            className="mono"
            fw={600}
            aria-label={words.link(entry.code)}
          >
            {entry.code}
          </Anchor>
          {Number.isInteger(entry.status) && (
            <Text size="sm" c="dimmed">
              {String(entry.status)}
            </Text>
          )}
        </Group>
        <Text lang="en">{entry.cause}</Text>
        <Text>
          <strong>{words.remedy}:</strong> <span lang="en">{entry.remedy}</span>
        </Text>
        {users.length > 0 && users.length <= 8 && (
          <Group gap="xs">
            <Text size="xs" c="dimmed">
              {words.usedBy}
            </Text>
            {users.map(({ name }) => (
              <Anchor key={name} component={Link} to={operationPath(name)} size="xs">
                {name}
              </Anchor>
            ))}
          </Group>
        )}
      </Stack>
    </section>
  );
}

/** A code of the API and of agents may be one; the first is the API's. */
function unique(errors: readonly ErrorEntry[]): ErrorEntry[] {
  return errors.filter(({ code }, at) => errors.findIndex((own) => own.code === code) === at);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}

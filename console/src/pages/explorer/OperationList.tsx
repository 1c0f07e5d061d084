import { Text, TextInput } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { useRef, useState, type KeyboardEvent, type ReactNode } from 'react';
import { Link, useNavigate } from 'react-router';
import { useShortcut } from '@/app/keys';
import { operationPath } from '@/explorer/paths';
import { useTexts } from '@/i18n/context';
import { contract, grouped, matching } from './contract';
import classes from './explorer.module.css';

/** Every operation by group; `/` goes to the search, arrow keys through what it finds. */
export function OperationList({ chosen }: { chosen: string }): ReactNode {
  const { explorer } = useTexts();
  const [search, setSearch] = useState('');
  const input = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLElement>(null);
  const navigate = useNavigate();
  const found = matching(contract.operations, search);
  useShortcut('/', explorer.search, () => input.current?.focus());

  const move = (event: KeyboardEvent): void => {
    const links = Array.from(list.current?.querySelectorAll<HTMLAnchorElement>('a') ?? []);
    const at = links.findIndex((link) => link === document.activeElement);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step === undefined || links.length === 0) return;
    event.preventDefault();
    const next = links[at + step];
    if (next) next.focus();
    else if (at + step < 0) input.current?.focus();
  };
  const first = grouped(found)[0]?.[1][0];

  return (
    <div className={classes.list} onKeyDown={move} data-chosen={chosen !== ''}>
      <TextInput
        ref={input}
        type="search"
        aria-label={explorer.search}
        placeholder={explorer.search}
        title={explorer.searchHint}
        leftSection={<IconSearch size={16} aria-hidden />}
        value={search}
        onChange={(event) => setSearch(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && first) void navigate(operationPath(first.name));
        }}
      />
      <nav className={classes.operations} aria-label={explorer.operations} ref={list}>
        {grouped(found).map(([group, operations]) => (
          <section key={group}>
            <h2 className={classes.group}>{explorer.groups[group] ?? group}</h2>
            {operations.map(({ name, built, summary }) => (
              <Link
                key={name}
                to={operationPath(name)}
                className={classes.operation}
                aria-current={name === chosen ? 'page' : undefined}
                data-built={built}
                title={built ? summary : explorer.notBuilt}
              >
                {name}
              </Link>
            ))}
          </section>
        ))}
        {found.length === 0 && (
          <Text size="sm" c="dimmed" py="sm">
            {explorer.noOperation}
          </Text>
        )}
      </nav>
    </div>
  );
}

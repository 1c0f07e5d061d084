import { Anchor, Button, SegmentedControl, TextInput } from '@mantine/core';
import { IconKey, IconPlus, IconSearch } from '@tabler/icons-react';
import { useState, type ReactNode } from 'react';
import { Link, useNavigate, useSearchParams } from 'react-router';
import type { AccessToken } from '@/api/generated';
import { useOperation } from '@/api/queries';
import { useTexts } from '@/i18n/context';
import { DataTable, type Column } from '@/ui/DataTable';
import { Empty } from '@/ui/Empty';
import { PageHeader } from '@/ui/PageHeader';
import { Panel } from '@/ui/Panel';
import { StateBadge } from '@/ui/StateBadge';
import { When } from '@/ui/When';
import { CreateDialog } from './CreateDialog';
import { Creator, LastUse } from './Lineage';
import { expiry, nameOr, tokenState } from './standing';
import { TokenMenu } from './TokenMenu';
import classes from './Tokens.module.css';
import { Uses } from './Uses';

const pageSize = 20;
const statuses = ['activated', 'unactivated', 'expired'] as const;

/** Every activation code of the account, and how to make one. */
export function TokenList(): ReactNode {
  const texts = useTexts();
  const { tokens } = texts;
  const [search, setSearch] = useSearchParams();
  const [creating, setCreating] = useState(false);
  const navigate = useNavigate();
  const status = statuses.find((one) => one === search.get('status'));
  const name = search.get('name')?.trim() ?? '';
  const page = Math.max(1, Number(search.get('page')) || 1);
  const list = useOperation(
    'ListAccessTokens',
    { PageNumber: page, PageSize: pageSize, Status: status, Name: name === '' ? undefined : name },
    { keepPrevious: true, every: 15_000 },
  );
  const set = (changes: Record<string, string>): void =>
    setSearch((before) => changed(before, { page: '', ...changes }), { replace: true });
  const filtered = status !== undefined || name !== '';
  const create = (
    <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setCreating(true)}>
      {tokens.create}
    </Button>
  );
  return (
    <>
      <PageHeader title={tokens.title} lead={tokens.lead} actions={create} />
      <Panel flush>
        <Filters key={name} status={status ?? ''} name={name} onChange={set} />
        <DataTable
          label={tokens.table}
          columns={useColumns()}
          rows={list.data?.AccessTokens.AccessToken}
          rowKey={(token) => token.AccessTokenId}
          failure={list.error}
          onRetry={() => void list.refetch()}
          onOpen={(token) => void navigate(`/tokens/${token.AccessTokenId}`)}
          paging={{
            page,
            size: pageSize,
            total: list.data?.TotalCount ?? 0,
            onPage: (next) => set({ page: String(next) }),
          }}
          empty={
            filtered ? (
              <Empty title={texts.common.nothingMatches} hint={texts.common.nothingMatchesHint} />
            ) : (
              <Empty icon={IconKey} title={tokens.empty} hint={tokens.emptyHint} action={create} />
            )
          }
        />
      </Panel>
      {(creating || search.has('new')) && (
        <CreateDialog
          onCreated={() => {
            // From here on the address says nothing of the dialog: a page that is loaded again shows the list alone.
            setCreating(true);
            if (search.has('new')) set({ new: '' });
          }}
          onClose={() => {
            setCreating(false);
            if (search.has('new')) set({ new: '' });
          }}
        />
      )}
    </>
  );
}

interface FiltersProps {
  status: string;
  name: string;
  onChange: (changes: Record<string, string>) => void;
}

function Filters({ status, name, onChange }: FiltersProps): ReactNode {
  const { tokens, states } = useTexts();
  const [typed, setTyped] = useState(name);
  return (
    <form
      className={classes.filters}
      onSubmit={(event) => {
        event.preventDefault();
        onChange({ name: typed.trim() });
      }}
    >
      <SegmentedControl
        size="sm"
        aria-label={tokens.columns.status}
        value={status}
        onChange={(value) => onChange({ status: value })}
        data={[{ value: '', label: tokens.all }, ...statuses.map((one) => ({ value: one, label: states.token[one] }))]}
      />
      <TextInput
        aria-label={tokens.nameFilter}
        placeholder={tokens.nameFilter}
        leftSection={<IconSearch size={16} aria-hidden />}
        value={typed}
        onChange={(event) => setTyped(event.currentTarget.value)}
        onBlur={() => typed.trim() !== name && onChange({ name: typed.trim() })}
      />
    </form>
  );
}

function useColumns(): Column<AccessToken>[] {
  const { tokens } = useTexts();
  const { columns } = tokens;
  return [
    {
      key: 'name',
      header: columns.name,
      cell: (token) => (
        <div className={classes.name}>
          <Anchor component={Link} to={`/tokens/${token.AccessTokenId}`} fw={550}>
            {nameOr(token.Name, tokens.unnamed)}
          </Anchor>
          <span className={classes.id}>{token.AccessTokenId}</span>
        </div>
      ),
    },
    { key: 'status', header: columns.status, cell: (token) => <StateBadge kind="token" state={tokenState(token)} /> },
    { key: 'uses', header: columns.uses, cell: (token) => <Uses token={token} /> },
    { key: 'expires', header: columns.expires, cell: (token) => <When time={expiry(token)?.toISOString()} away /> },
    { key: 'lastUsed', header: columns.lastUsed, cell: (token) => <LastUse token={token} /> },
    { key: 'createdBy', header: columns.createdBy, wide: true, cell: (token) => <Creator id={token.AccessTokenId} /> },
    { key: 'actions', header: columns.actions, end: true, cell: (token) => <TokenMenu token={token} /> },
  ];
}

/** Another search, with the values set or, where they are empty, taken out. */
function changed(before: URLSearchParams, changes: Record<string, string>): URLSearchParams {
  const after = new URLSearchParams(before);
  for (const [key, value] of Object.entries(changes)) {
    if (value === '') after.delete(key);
    else after.set(key, value);
  }
  return after;
}

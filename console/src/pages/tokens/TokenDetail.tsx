import { Anchor, Button, Stack, Text } from '@mantine/core';
import { IconBan, IconTrash } from '@tabler/icons-react';
import { useState, type ReactNode } from 'react';
import { Link, useNavigate, useParams } from 'react-router';
import { ApiFailure } from '@/api/failure';
import type { DescribeAccessTokenResponse, ImportedSource } from '@/api/generated';
import { useOperation } from '@/api/queries';
import { useTexts } from '@/i18n/context';
import { CopyButton } from '@/ui/CopyButton';
import { DataTable, type Column } from '@/ui/DataTable';
import { Empty } from '@/ui/Empty';
import { Failure } from '@/ui/Failure';
import { Loading } from '@/ui/Loading';
import { PageHeader } from '@/ui/PageHeader';
import { Panel } from '@/ui/Panel';
import { StateBadge } from '@/ui/StateBadge';
import { When } from '@/ui/When';
import { Trail } from '../sources/Trail';
import { EndDialog, type Ending } from './EndDialog';
import { nameOr, tokenState } from './standing';
import classes from './Tokens.module.css';
import { Uses } from './Uses';

/** One code: what it is, which servers came by it, and what happened to it. */
export function TokenDetail(): ReactNode {
  const { tokens } = useTexts();
  const { id = '' } = useParams();
  const detail = useOperation('DescribeAccessToken', { AccessTokenId: id }, { every: 10_000 });
  const up = { to: '/tokens', title: tokens.detail.back };
  // Also of a code that was here a moment ago: somebody else deleted it.
  const missing = detail.error instanceof ApiFailure && detail.error.status === 404;
  if (detail.data && !missing) {
    return <Known token={detail.data} up={up} failure={detail.error} onRetry={() => void detail.refetch()} />;
  }
  return (
    <>
      <PageHeader title={id} up={up} />
      <Panel>
        {missing ? (
          <Empty title={tokens.detail.missing} hint={tokens.detail.missingHint} />
        ) : detail.error ? (
          <Failure failure={detail.error} onRetry={() => void detail.refetch()} />
        ) : (
          <Loading rows={6} />
        )}
      </Panel>
    </>
  );
}

interface KnownProps {
  token: DescribeAccessTokenResponse;
  up: { to: string; title: string };
  /** Why it could not be asked for again. */
  failure: unknown;
  onRetry: () => void;
}

function Known({ token, up, failure, onRetry }: KnownProps): ReactNode {
  const { tokens } = useTexts();
  const { detail } = tokens;
  const [ending, setEnding] = useState<Ending | null>(null);
  const navigate = useNavigate();
  const name = nameOr(token.Name, token.AccessTokenId);
  return (
    <>
      <PageHeader
        title={name}
        up={up}
        aside={<StateBadge kind="token" state={tokenState(token)} />}
        actions={
          <>
            {token.Status === 'activated' && (
              <Button
                variant="default"
                leftSection={<IconBan size={16} aria-hidden />}
                onClick={() => setEnding('disable')}
              >
                {tokens.disable}
              </Button>
            )}
            <Button
              variant="default"
              leftSection={<IconTrash size={16} aria-hidden />}
              onClick={() => setEnding('delete')}
            >
              {tokens.delete}
            </Button>
          </>
        }
      />
      <Stack gap="md">
        {failure !== null && <Failure failure={failure} onRetry={onRetry} stale />}
        <Panel title={detail.facts}>
          <Facts token={token} />
          <Text size="sm" c="dimmed" mt="md">
            {detail.secretGone}
          </Text>
        </Panel>
        <Panel title={detail.lineage} flush>
          <Sources token={token} />
        </Panel>
        <Panel title={detail.events}>
          <Trail resource={token.AccessTokenId} />
        </Panel>
      </Stack>
      {ending && (
        <EndDialog
          how={ending}
          id={token.AccessTokenId}
          name={name}
          onClose={() => setEnding(null)}
          onDone={() => ending === 'delete' && void navigate('/tokens')}
        />
      )}
    </>
  );
}

function Facts({ token }: { token: DescribeAccessTokenResponse }): ReactNode {
  const { tokens, common } = useTexts();
  const { detail, columns } = tokens;
  const facts: [string, ReactNode][] = [
    [
      detail.id,
      <>
        <span className="mono">{token.AccessTokenId}</span>{' '}
        <CopyButton value={token.AccessTokenId} name={tokens.copyId} />
      </>,
    ],
    [detail.description, nameOr(token.Description, common.none)],
    [columns.uses, <Uses token={token} />],
    [
      columns.expires,
      <>
        <When time={token.ExpirationTime} away /> · <When time={token.ExpirationTime} />
      </>,
    ],
    [columns.lastUsed, <When time={token.LastUsedTime} none={tokens.neverUsed} />],
    [detail.created, <When time={token.CreationTime} />],
    [columns.createdBy, <span className="mono">{token.CreatedBy}</span>],
    [detail.validity, detail.days(Number(token.TimeToLiveInDays) || 0)],
  ];
  return (
    <dl className={classes.facts}>
      {facts.map(([term, value]) => (
        <div key={term} className={classes.fact}>
          <dt>{term}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function Sources({ token }: { token: DescribeAccessTokenResponse }): ReactNode {
  const { tokens } = useTexts();
  const { detail, waiting } = tokens;
  const navigate = useNavigate();
  const rows = token.Sources.Source;
  const columns: Column<ImportedSource>[] = [
    {
      key: 'name',
      header: detail.source,
      cell: (source) => (
        <div className={classes.name}>
          <Anchor component={Link} to={`/sources/${source.SourceId}`} fw={550}>
            {source.Name}
          </Anchor>
          <span className={classes.id}>{source.SourceId}</span>
        </div>
      ),
    },
    { key: 'state', header: detail.state, cell: (source) => <StateBadge kind="source" state={source.State} /> },
    { key: 'imported', header: detail.imported, cell: (source) => <When time={source.ImportTime} /> },
  ];
  return (
    <>
      <DataTable
        label={detail.lineage}
        columns={columns}
        rows={rows}
        rowKey={(source) => source.SourceId}
        onOpen={(source) => void navigate(`/sources/${source.SourceId}`)}
        empty={<Empty title={detail.noLineage} />}
      />
      {token.SourceCount > rows.length && (
        <Text size="sm" c="dimmed" p="sm">
          {waiting.newest(rows.length, token.SourceCount)}
        </Text>
      )}
    </>
  );
}

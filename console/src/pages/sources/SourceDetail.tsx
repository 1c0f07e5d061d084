import { Button, Stack, Text } from '@mantine/core';
import { IconPencil, IconTrash } from '@tabler/icons-react';
import { useState, type ReactNode } from 'react';
import { useNavigate, useParams } from 'react-router';
import { ApiFailure } from '@/api/failure';
import type { DescribeSourceServerResponse, SourceServer } from '@/api/generated';
import { useOperation } from '@/api/queries';
import { useTexts } from '@/i18n/context';
import { Empty } from '@/ui/Empty';
import { Failure } from '@/ui/Failure';
import { Loading } from '@/ui/Loading';
import { PageHeader } from '@/ui/PageHeader';
import { Panel } from '@/ui/Panel';
import { StateBadge } from '@/ui/StateBadge';
import { nameOr } from '../tokens/standing';
import { Disks, useDiskSum } from './Disks';
import { ConnectionFacts, MachineFacts } from './Facts';
import { readInventory, type Inventory } from './inventory';
import { Jobs } from './Jobs';
import { RemoveDialog, RenameDialog } from './Dialogs';
import { Notice } from './Notice';
import type { Import } from './origin';
import { faultOf } from './server';
import classes from './Sources.module.css';
import { TagsEditor } from './TagsEditor';
import { Trail } from './Trail';

/** One source: its machine, its disks, where it came from and what happened to it. */
export function SourceDetail(): ReactNode {
  const { detail } = useTexts().sources;
  const { id = '' } = useParams();
  const listed = useOperation('DescribeSourceServers', { SourceId: [id] }, { every: 10_000 });
  const own = useOperation('DescribeSourceServer', { SourceId: id }, { every: 10_000 });
  const up = { to: '/sources', title: detail.back };
  const source = listed.data?.SourceServers.SourceServer[0];
  if (source) {
    const again = (): void => void Promise.all([listed.refetch(), own.refetch()]);
    const failure = listed.error ?? own.error;
    return <Known key={id} source={source} own={own.data} failure={failure} onRetry={again} up={up} />;
  }
  const refused = listed.error instanceof ApiFailure && listed.error.status === 400;
  return (
    <>
      <PageHeader title={id} up={up} />
      <Panel>
        {listed.data || refused ? (
          <Empty title={detail.missing} hint={detail.missingHint} />
        ) : listed.error ? (
          <Failure failure={listed.error} onRetry={() => void listed.refetch()} />
        ) : (
          <Loading rows={6} />
        )}
      </Panel>
    </>
  );
}

interface KnownProps {
  source: SourceServer;
  /** What Landfall's own operation tells beyond the contract; an identity may be refused it. */
  own: DescribeSourceServerResponse | undefined;
  /** Why one of the two could not be asked for, or not again. */
  failure: unknown;
  onRetry: () => void;
  up: { to: string; title: string };
}

function Known({ source, own, failure, onRetry, up }: KnownProps): ReactNode {
  const { detail, tags, jobs, trail, disks } = useTexts().sources;
  const navigate = useNavigate();
  const [asking, setAsking] = useState<'rename' | 'delete' | null>(null);
  const name = nameOr(source.Name, source.SourceId);
  const inventory = readInventory(own?.Inventory);
  return (
    <>
      <PageHeader
        title={name}
        up={up}
        aside={<StateBadge kind="source" state={source.State} />}
        actions={
          <>
            <Button
              variant="default"
              leftSection={<IconPencil size={16} aria-hidden />}
              onClick={() => setAsking('rename')}
            >
              {detail.rename}
            </Button>
            <Button
              variant="default"
              leftSection={<IconTrash size={16} aria-hidden />}
              onClick={() => setAsking('delete')}
            >
              {detail.delete}
            </Button>
          </>
        }
      />
      <Stack gap="md">
        <Fault source={source} />
        {failure !== null && <Failure failure={failure} onRetry={onRetry} stale={own !== undefined} />}
        <div className={classes.columns}>
          <Panel title={detail.connection}>
            <ConnectionFacts source={source} own={own} />
          </Panel>
          <Panel title={detail.machine}>
            <MachineFacts source={source} own={own} inventory={inventory} />
          </Panel>
        </div>
        {inventory ? (
          <DiskPanel inventory={inventory} />
        ) : (
          own && (
            <Panel title={disks.title}>
              <Text c="dimmed">{detail.noInventory}</Text>
            </Panel>
          )
        )}
        <div className={classes.columns}>
          <Panel title={jobs.title} flush>
            <Jobs sourceId={source.SourceId} />
          </Panel>
          <Panel title={tags.title}>
            <TagsEditor sourceId={source.SourceId} tags={source.Tags.Tag} />
          </Panel>
        </div>
        <Panel title={trail.title}>
          <Trail resource={source.SourceId} came={importOf(own)} />
        </Panel>
      </Stack>
      {asking === 'rename' && <RenameDialog id={source.SourceId} name={name} onClose={() => setAsking(null)} />}
      {asking === 'delete' && (
        <RemoveDialog
          id={source.SourceId}
          name={name}
          hasJob={(source.JobId ?? '') !== ''}
          onClose={() => setAsking(null)}
          onDone={() => void navigate('/sources')}
        />
      )}
    </>
  );
}

function importOf(own: DescribeSourceServerResponse | undefined): Import | undefined {
  if (own?.AccessTokenId === undefined) return undefined;
  return { source: own.SourceId, code: own.AccessTokenId, time: own.CreationTime };
}

function DiskPanel({ inventory }: { inventory: Inventory }): ReactNode {
  const { disks } = useTexts().sources;
  const sum = useDiskSum(inventory);
  return (
    <Panel
      title={disks.title}
      actions={
        <Text size="sm" c="dimmed">
          {sum}
        </Text>
      }
    >
      <Disks inventory={inventory} />
    </Panel>
  );
}

/** Why a source is not available. */
function Fault({ source }: { source: SourceServer }): ReactNode {
  const { sources, failure } = useTexts();
  const { detail } = sources;
  const fault = source.State === 'Unavailable' ? faultOf(source) : undefined;
  if (!fault) return null;
  const offline = fault.code === 'SourceServer.Offline';
  return (
    <Notice tone="bad" title={offline ? detail.offline : detail.fault}>
      <Text>{fault.message}</Text>
      <Text>
        <strong>{failure.remedy}:</strong> {offline ? detail.offlineRemedy : detail.faultRemedy}
      </Text>
      <Text size="xs" c="dimmed" className="mono" mt={4}>
        {fault.code}
      </Text>
    </Notice>
  );
}

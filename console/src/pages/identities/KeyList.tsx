import { Button, Group, Modal, Text } from '@mantine/core';
import { IconKey, IconPlus } from '@tabler/icons-react';
import { useState, type ReactNode } from 'react';
import type { ReplyOf } from '@/api/client';
import { useAction, useOperation } from '@/api/queries';
import { useTexts } from '@/i18n/context';
import { ConfirmByName } from '@/ui/ConfirmByName';
import { DataTable } from '@/ui/DataTable';
import { Empty } from '@/ui/Empty';
import { Panel } from '@/ui/Panel';
import { StateBadge } from '@/ui/StateBadge';
import { When } from '@/ui/When';
import { CreateKey } from './CreateKey';

type Key = ReplyOf<'ListAccessKeys'>['AccessKeys']['AccessKey'][number];
type Asked = { key: Key; what: 'delete' | 'disable' };

const size = 50;

/** AccessKeys: of one user, or of everybody. */
export function KeyList({ user }: { user?: string }): ReactNode {
  const { identities, common } = useTexts();
  const words = identities.keys;
  const [page, setPage] = useState(1);
  const [creating, setCreating] = useState(false);
  const [asked, setAsked] = useState<Asked | null>(null);
  const params = { PageNumber: page, PageSize: size, ...(user === undefined ? {} : { UserName: user }) };
  const keys = useOperation('ListAccessKeys', params, { keepPrevious: true });
  const update = useAction('UpdateAccessKey', ['ListAccessKeys', 'ListUsers']);
  const remove = useAction('DeleteAccessKey', ['ListAccessKeys', 'ListUsers']);
  const ask = (key: Key, what: Asked['what']): void => {
    update.reset();
    remove.reset();
    setAsked({ key, what });
  };
  const confirm = async ({ key, what }: Asked): Promise<void> => {
    const id = { UserAccessKeyId: key.AccessKeyId };
    const done = what === 'delete' ? await remove.run(id) : await update.run({ ...id, Status: 'Inactive' });
    if (done) setAsked(null);
  };
  const create = (
    <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setCreating(true)}>
      {words.create}
    </Button>
  );
  return (
    <Panel flush title={words.label} actions={create}>
      <DataTable
        label={words.label}
        rows={keys.data?.AccessKeys.AccessKey}
        rowKey={(key) => key.AccessKeyId}
        failure={keys.error}
        onRetry={() => void keys.refetch()}
        paging={{ page, size, total: keys.data?.TotalCount ?? 0, onPage: setPage }}
        empty={<Empty icon={IconKey} title={words.empty} hint={words.emptyHint} />}
        columns={[
          {
            key: 'id',
            header: words.id,
            cell: (key) => (
              <Group gap="xs">
                <span className="mono">{key.AccessKeyId}</span>
                {key.Signing && <StateBadge tone="busy" label={words.yours} />}
              </Group>
            ),
          },
          ...(user === undefined
            ? [{ key: 'user', header: identities.user, cell: (key: Key) => key.UserName ?? identities.owner }]
            : []),
          { key: 'status', header: words.status, cell: (key) => <StateBadge kind="key" state={key.Status} /> },
          { key: 'used', header: words.lastUsed, cell: (key) => <When time={key.LastUsedTime} away /> },
          { key: 'created', header: identities.created, wide: true, cell: (key) => <When time={key.CreationTime} /> },
          {
            key: 'do',
            header: '',
            end: true,
            cell: (key) => (
              <Group gap="xs" justify="flex-end" wrap="nowrap">
                {key.Status === 'Active' ? (
                  <Button size="xs" variant="default" onClick={() => ask(key, 'disable')}>
                    {words.disable}
                  </Button>
                ) : (
                  <Button
                    size="xs"
                    variant="default"
                    onClick={() => void update.run({ UserAccessKeyId: key.AccessKeyId, Status: 'Active' })}
                  >
                    {words.enable}
                  </Button>
                )}
                <Button size="xs" variant="default" onClick={() => ask(key, 'delete')}>
                  {common.delete}
                </Button>
              </Group>
            ),
          },
        ]}
      />
      <Modal
        opened={creating}
        onClose={() => setCreating(false)}
        title={words.create}
        closeOnClickOutside={false}
        closeButtonProps={{ 'aria-label': common.close }}
      >
        <CreateKey user={user} onClose={() => setCreating(false)} />
      </Modal>
      <ConfirmByName
        opened={asked !== null}
        onClose={() => setAsked(null)}
        title={asked?.what === 'delete' ? words.delete : words.disable}
        action={asked?.what === 'delete' ? words.delete : words.disable}
        busy={remove.busy || update.busy}
        failure={remove.failure ?? update.failure}
        onConfirm={() => asked && void confirm(asked)}
      >
        <Text className="mono" mb="xs">
          {asked?.key.AccessKeyId}
        </Text>
        <Text>{asked?.what === 'delete' ? words.deleteText : words.disableText}</Text>
      </ConfirmByName>
    </Panel>
  );
}

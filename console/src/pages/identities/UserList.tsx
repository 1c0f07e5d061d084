import { Anchor, Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core';
import { IconPlus, IconUsers } from '@tabler/icons-react';
import { useState, type ReactNode } from 'react';
import { Link, useNavigate } from 'react-router';
import { useAction, useOperation } from '@/api/queries';
import { useTexts } from '@/i18n/context';
import { DataTable } from '@/ui/DataTable';
import { Empty } from '@/ui/Empty';
import { Failure } from '@/ui/Failure';
import { Panel } from '@/ui/Panel';
import { When } from '@/ui/When';
import { isUserName } from './rules';

const size = 50;

/** The users of the account. */
export function UserList(): ReactNode {
  const { identities, common } = useTexts();
  const words = identities.users;
  const navigate = useNavigate();
  const [page, setPage] = useState(1);
  const [creating, setCreating] = useState(false);
  const users = useOperation('ListUsers', { PageNumber: page, PageSize: size }, { keepPrevious: true });
  const create = (
    <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setCreating(true)}>
      {words.create}
    </Button>
  );
  return (
    <>
      <Panel flush title={words.label} actions={create}>
        <DataTable
          label={words.label}
          rows={users.data?.Users.User}
          rowKey={(user) => user.UserName}
          failure={users.error}
          onRetry={() => void users.refetch()}
          onOpen={(user) => void navigate(pathOf(user.UserName))}
          paging={{ page, size, total: users.data?.TotalCount ?? 0, onPage: setPage }}
          empty={<Empty icon={IconUsers} title={words.empty} hint={words.emptyHint} />}
          columns={[
            {
              key: 'name',
              header: identities.name,
              cell: (user) => (
                <Anchor component={Link} to={pathOf(user.UserName)} fw={550}>
                  {user.UserName}
                </Anchor>
              ),
            },
            { key: 'comments', header: identities.comments, cell: (user) => user.Comments ?? '' },
            {
              key: 'keys',
              header: words.keys,
              end: true,
              cell: (user) => words.of(user.ActiveAccessKeyCount, user.AccessKeyCount),
            },
            { key: 'policies', header: words.policies, end: true, cell: (user) => user.PolicyCount },
            {
              key: 'created',
              header: identities.created,
              wide: true,
              cell: (user) => <When time={user.CreationTime} />,
            },
          ]}
        />
      </Panel>
      <Modal
        opened={creating}
        onClose={() => setCreating(false)}
        title={words.create}
        closeButtonProps={{ 'aria-label': common.close }}
      >
        <CreateUser onClose={() => setCreating(false)} />
      </Modal>
    </>
  );
}

export function pathOf(user: string): string {
  return `/identities/users/${encodeURIComponent(user)}`;
}

function CreateUser({ onClose }: { onClose: () => void }): ReactNode {
  const { identities, common } = useTexts();
  const words = identities.users;
  const navigate = useNavigate();
  const [name, setName] = useState('');
  const [comments, setComments] = useState('');
  const action = useAction('CreateUser', ['ListUsers']);
  const wrong = name !== '' && !isUserName(name);
  const submit = async (): Promise<void> => {
    const made = await action.run({ UserName: name, ...(comments === '' ? {} : { Comments: comments }) });
    if (made) void navigate(pathOf(made.UserName));
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (isUserName(name)) void submit();
      }}
    >
      <Stack>
        <TextInput
          label={identities.name}
          description={words.nameRule}
          error={wrong && words.nameWrong}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          autoComplete="off"
          spellCheck={false}
          data-autofocus
          required
        />
        <TextInput
          label={identities.comments}
          description={words.commentsHint}
          value={comments}
          maxLength={128}
          onChange={(event) => setComments(event.currentTarget.value)}
          autoComplete="off"
        />
        {action.failure && <Failure failure={action.failure} />}
        <Text size="sm" c="dimmed">
          {identities.policies.noneHint}
        </Text>
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {common.cancel}
          </Button>
          <Button type="submit" disabled={!isUserName(name)} loading={action.busy}>
            {common.create}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

import { Button, Stack, Text } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import { useNavigate, useParams } from 'react-router';
import { useAction, useOperation } from '@/api/queries';
import { useTexts } from '@/i18n/context';
import { ConfirmByName } from '@/ui/ConfirmByName';
import { PageHeader } from '@/ui/PageHeader';
import { KeyList } from './KeyList';
import { UserPolicies } from './UserPolicies';

/** One user: its policies, its keys, its end. */
export function UserPage(): ReactNode {
  const { name = '' } = useParams();
  const { identities } = useTexts();
  const words = identities.users;
  const navigate = useNavigate();
  const [deleting, setDeleting] = useState(false);
  const users = useOperation('ListUsers', { PageNumber: 1, PageSize: 100 });
  const remove = useAction('DeleteUser', ['ListUsers', 'ListAccessKeys', 'ListPolicies']);
  const user = users.data?.Users.User.find((one) => one.UserName === name);
  const lead = user?.Comments;
  const confirm = async (): Promise<void> => {
    if (await remove.run({ UserName: name })) void navigate('/identities');
  };
  return (
    <>
      <PageHeader
        title={name}
        {...(lead === undefined ? {} : { lead })}
        up={{ to: '/identities', title: identities.tabs.users }}
        actions={
          <Button variant="default" onClick={() => setDeleting(true)}>
            {words.delete}
          </Button>
        }
      />
      <Stack>
        <UserPolicies user={name} />
        <KeyList user={name} />
      </Stack>
      <ConfirmByName
        opened={deleting}
        onClose={() => setDeleting(false)}
        title={words.delete}
        name={name}
        action={words.delete}
        busy={remove.busy}
        failure={remove.failure}
        onConfirm={() => void confirm()}
      >
        <Text>{words.deleteText(name)}</Text>
      </ConfirmByName>
    </>
  );
}

import { Button, Stack, Text } from '@mantine/core';
import { IconUserOff } from '@tabler/icons-react';
import { useState, type ReactNode } from 'react';
import { useNavigate, useParams } from 'react-router';
import { useAction } from '@/api/queries';
import { useTexts } from '@/i18n/context';
import { Absent } from '@/ui/Absent';
import { ConfirmByName } from '@/ui/ConfirmByName';
import { PageHeader } from '@/ui/PageHeader';
import { KeyList } from './KeyList';
import { UserPolicies } from './UserPolicies';
import { useAllUsers } from './whole';

/** One user: its policies, its keys, its end. */
export function UserPage(): ReactNode {
  const { name = '' } = useParams();
  const { identities } = useTexts();
  const words = identities.users;
  const navigate = useNavigate();
  const [deleting, setDeleting] = useState(false);
  const users = useAllUsers();
  const remove = useAction('DeleteUser', ['ListUsers', 'ListAccessKeys', 'ListPolicies']);
  const user = users.data?.find((one) => one.UserName === name);
  const lead = user?.Comments;
  const up = { to: '/identities', title: identities.tabs.users };
  const confirm = async (): Promise<void> => {
    if (await remove.run({ UserName: name })) void navigate('/identities');
  };
  // Who may not list users may still be allowed what the page holds.
  if (!user && !users.error) return <Absent id={name} up={up} asked={users} icon={IconUserOff} words={words} />;
  return (
    <>
      <PageHeader
        title={name}
        {...(lead === undefined ? {} : { lead })}
        up={up}
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

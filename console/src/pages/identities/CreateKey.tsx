import { Alert, Button, Group, Select, Stack, Text } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { useState, type ReactNode } from 'react';
import type { ReplyOf } from '@/api/client';
import { useAction } from '@/api/queries';
import { useTexts } from '@/i18n/context';
import { CopyButton } from '@/ui/CopyButton';
import { Failure } from '@/ui/Failure';
import classes from './Identities.module.css';
import { drawn, useAllUsers } from './whole';

type Made = ReplyOf<'CreateAccessKey'>;

/** Makes a key pair and shows its secret, which is nowhere but in this component and gone with it. */
export function CreateKey({ user, onClose }: { user: string | undefined; onClose: () => void }): ReactNode {
  const { identities, common } = useTexts();
  const words = identities.keys;
  const [whose, setWhose] = useState(user ?? null);
  const [made, setMade] = useState<Made | null>(null);
  const users = useAllUsers({ enabled: user === undefined });
  const action = useAction('CreateAccessKey', ['ListAccessKeys', 'ListUsers']);
  if (made) return <Fresh made={made} onClose={onClose} />;
  const submit = async (): Promise<void> => {
    if (whose !== null) setMade((await action.run({ UserName: whose })) ?? null);
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <Stack>
        <Text>{words.createText}</Text>
        <Select
          label={words.createFor}
          data={user === undefined ? (users.data?.map((one) => one.UserName) ?? []) : [user]}
          value={whose}
          onChange={setWhose}
          disabled={user !== undefined}
          searchable
          limit={drawn}
          nothingFoundMessage={common.nothingMatches}
        />
        {users.error && <Failure failure={users.error} />}
        {action.failure && <Failure failure={action.failure} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {common.cancel}
          </Button>
          <Button type="submit" disabled={whose === null} loading={action.busy}>
            {common.create}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function Fresh({ made, onClose }: { made: Made; onClose: () => void }): ReactNode {
  const { identities } = useTexts();
  const words = identities.keys;
  const environment = `export ALIBABA_CLOUD_ACCESS_KEY_ID=${made.AccessKeyId}\nexport ALIBABA_CLOUD_ACCESS_KEY_SECRET=${made.AccessKeySecret}`;
  return (
    <Stack>
      <Alert color="orange" icon={<IconAlertTriangle size={20} aria-hidden />} title={words.once}>
        {words.onceText}
      </Alert>
      <Shown label={words.id} value={made.AccessKeyId} />
      <Shown label={words.secret} value={made.AccessKeySecret} />
      <Group justify="space-between">
        <CopyButton value={environment} label={words.environment} />
        <Button onClick={onClose}>{words.noted}</Button>
      </Group>
    </Stack>
  );
}

function Shown({ label, value }: { label: string; value: string }): ReactNode {
  return (
    <div>
      <Text size="sm" fw={550}>
        {label}
      </Text>
      <Group className={classes.secret} justify="space-between" wrap="nowrap">
        <code>{value}</code>
        <CopyButton value={value} />
      </Group>
    </div>
  );
}

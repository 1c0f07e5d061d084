import { Alert, Button, PasswordInput, Stack, Text, TextInput } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { useState, type SyntheticEvent, type ReactNode } from 'react';
import { ApiFailure } from '@/api/failure';
import { useSessionState } from '@/api/session';
import { useTexts } from '@/i18n/context';
import { Failure } from '@/ui/Failure';

/** Signing in with an AccessKey pair. The secret lives in this form and nowhere else. */
export function KeyForm(): ReactNode {
  const { signIn: words } = useTexts();
  const { signIn } = useSessionState();
  const [id, setId] = useState('');
  const [secret, setSecret] = useState('');
  const [asked, setAsked] = useState(false);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<ApiFailure | null>(null);

  const submit = async (event: SyntheticEvent): Promise<void> => {
    event.preventDefault();
    setAsked(true);
    if (id.trim() === '' || secret.trim() === '' || busy) return;
    setBusy(true);
    setFailure(null);
    try {
      await signIn({ AccessKeyId: id.trim(), AccessKeySecret: secret.trim() });
    } catch (error) {
      setFailure(error instanceof ApiFailure ? error : ApiFailure.unreachable());
      setSecret('');
      setAsked(false);
      setBusy(false);
    }
  };

  return (
    <form onSubmit={(event) => void submit(event)} noValidate>
      <Stack gap="md">
        {failure && <Refused failure={failure} />}
        <TextInput
          label={words.keyId}
          value={id}
          onChange={(event) => setId(event.currentTarget.value)}
          error={asked && id.trim() === '' && words.idMissing}
          autoComplete="username"
          autoCapitalize="off"
          spellCheck={false}
          size="md"
          name="id"
        />
        <PasswordInput
          label={words.keySecret}
          value={secret}
          onChange={(event) => setSecret(event.currentTarget.value)}
          error={asked && secret.trim() === '' && words.secretMissing}
          autoComplete="current-password"
          size="md"
          name="secret"
        />
        <Text c="dimmed" size="sm">
          {words.keyHint}
        </Text>
        <Button type="submit" size="md" loading={busy} fullWidth>
          {words.submit}
        </Button>
      </Stack>
    </form>
  );
}

function Refused({ failure }: { failure: ApiFailure }): ReactNode {
  const { signIn: words } = useTexts();
  const throttled = failure.status === 429 || failure.code.startsWith('Throttling');
  if (!throttled && failure.status !== 401) return <Failure failure={failure} />;
  return (
    <Alert
      color="red"
      icon={<IconAlertTriangle size={20} aria-hidden />}
      title={throttled ? words.throttled : words.wrong}
      role="alert"
    >
      {!throttled && words.wrongHint}
    </Alert>
  );
}

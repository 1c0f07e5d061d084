import { Alert, Center, Divider, Group, Loader, Stack, Text, Title } from '@mantine/core';
import { IconInfoCircle } from '@tabler/icons-react';
import { useEffect, type ReactNode } from 'react';
import { Navigate, useLocation } from 'react-router';
import { useSessionState, type SessionState } from '@/api/session';
import { LanguageMenu, SchemeMenu } from '@/app/Header';
import { useTexts } from '@/i18n/context';
import { CopyButton } from '@/ui/CopyButton';
import { Failure } from '@/ui/Failure';
import { Mark } from '@/ui/Mark';
import { KeyForm } from './KeyForm';
import classes from './SignIn.module.css';
import { placeFrom } from './place';

const command = 'landfall console';

/** Where a session begins: with a one-time link, which is taken by itself, or with a key pair. */
export function SignIn(): ReactNode {
  const { signIn: words, shell } = useTexts();
  const { state, start } = useSessionState();
  const location = useLocation();
  useEffect(() => {
    document.title = shell.documentTitle(words.title);
  }, [shell, words]);
  if (state.kind === 'open') return <Navigate to={placeFrom(location.state)} replace />;
  return (
    <div className={classes.page}>
      <aside className={classes.side}>
        <Group gap="sm">
          <Mark size={36} />
          <div>
            <div className={classes.name}>{shell.product}</div>
            <div className={classes.what}>{shell.subtitle}</div>
          </div>
        </Group>
        <p className={classes.lead}>{words.lead}</p>
        <Shore />
      </aside>
      <main className={classes.main}>
        <Group className={classes.tools} gap="xs">
          <LanguageMenu />
          <SchemeMenu />
        </Group>
        <div className={classes.sheet}>
          <Title order={1} mb="md">
            {words.title}
          </Title>
          {state.kind === 'starting' && (
            <Center py="xl">
              <Loader role="status" aria-label={words.linkBusy} />
            </Center>
          )}
          {state.kind === 'unknown' && <Failure failure={state.failure} onRetry={() => void start()} />}
          {state.kind === 'none' && <Ways state={state} />}
        </div>
      </main>
    </div>
  );
}

function Ways({ state }: { state: Extract<SessionState, { kind: 'none' }> }): ReactNode {
  const { signIn: words } = useTexts();
  return (
    <Stack gap="lg">
      <Why state={state} />
      <KeyForm />
      <Divider label={words.withLink} />
      <Stack gap="xs">
        <Text c="dimmed">{words.linkHint}</Text>
        <Group className={classes.command} justify="space-between" wrap="nowrap">
          <code>{command}</code>
          <CopyButton value={command} />
        </Group>
      </Stack>
    </Stack>
  );
}

/** Why someone sees this page who had been further. */
function Why({ state }: { state: Extract<SessionState, { kind: 'none' }> }): ReactNode {
  const { signIn: words } = useTexts();
  if (state.linkFailure) {
    // A center that could not be reached says nothing about the link.
    if (state.linkFailure.passing) return <Failure failure={state.linkFailure} />;
    return (
      <Alert color="orange" icon={<IconInfoCircle size={20} aria-hidden />} title={words.linkUsed} role="alert">
        {words.linkUsedHint}
      </Alert>
    );
  }
  if (!state.ended) return null;
  const said = { left: words.ended, idle: words.endedIdle, gone: words.endedGone }[state.ended];
  return (
    <Alert color="landfall" icon={<IconInfoCircle size={20} aria-hidden />} role="status">
      {said}
    </Alert>
  );
}

/** The mark's picture, large: a coast over water. */
function Shore(): ReactNode {
  const wave = 'q20 -9 40 0 t40 0 t40 0 t40 0 t40 0 t40 0 t40 0 t40 0 t40 0 t40 0';
  return (
    <svg className={classes.shore} viewBox="0 0 400 190" preserveAspectRatio="xMidYMax slice" aria-hidden="true">
      <path d="M0 108 70 44l44 38 42-58 66 66 34-26 50 40 40-22 54 26z" fill="#17554f" />
      <path d="M0 118 96 78l60 30 58-36 70 34 116-22v34z" fill="#1f6d64" />
      {[128, 146, 164, 182].map((y, row) => (
        <path
          key={y}
          d={`M${-14 * row} ${y} ${wave}`}
          fill="none"
          stroke="#5cc4b3"
          strokeOpacity={0.65 - row * 0.13}
          strokeWidth="2.5"
        />
      ))}
    </svg>
  );
}

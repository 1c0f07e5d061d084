import { Button, Group, Modal, Text } from '@mantine/core';
import { useEffect, useEffectEvent, useRef, useState, type ReactNode } from 'react';
import { useSession, useSessionState } from '@/api/session';
import { useTexts } from '@/i18n/context';
import { idleness } from './idle';
import { useSignOut } from './signOut';

/** Where windows of the same browser tell each other that someone is there: a time, nothing else. */
const shared = 'landfall.active';

/** Asks before a session ends for lack of use, and ends it. Pages that renew themselves do not count as use. */
export function IdleWarning(): ReactNode {
  const { shell } = useTexts();
  const { IdleSeconds } = useSession();
  const { signOut, keepAlive } = useSessionState();
  const leave = useSignOut();
  const [left, setLeft] = useState<number | null>(null);
  const deed = useRef(0);
  const renewed = useRef(0);

  const stay = (): void => {
    deed.current = Date.now();
    localStorage.setItem(shared, String(deed.current));
    setLeft(null);
  };
  const look = useEffectEvent(() => {
    const last = Math.max(deed.current, Number(localStorage.getItem(shared)) || 0);
    const idle = idleness(Date.now(), last, renewed.current, IdleSeconds);
    if (idle.kind === 'leave') return void signOut('idle');
    setLeft(idle.kind === 'warn' ? idle.seconds : null);
    if (idle.kind === 'here' && idle.keepAlive) {
      renewed.current = Date.now();
      void keepAlive().catch(() => undefined);
    }
  });
  const onDeed = useEffectEvent(() => {
    // The question is answered by its button, not by a mouse that was pushed.
    if (left === null && Date.now() - deed.current > 5_000) stay();
  });

  useEffect(() => {
    deed.current = Date.now();
    renewed.current = deed.current;
    localStorage.setItem(shared, String(deed.current));
    const timer = setInterval(() => look(), 1_000);
    const note = (): void => onDeed();
    const kinds = ['pointerdown', 'pointermove', 'keydown', 'wheel', 'touchstart'] as const;
    for (const kind of kinds) document.addEventListener(kind, note, { passive: true });
    return () => {
      clearInterval(timer);
      for (const kind of kinds) document.removeEventListener(kind, note);
    };
  }, []);

  const answer = (): void => {
    stay();
    renewed.current = Date.now();
    void keepAlive().catch(() => undefined);
  };
  return (
    <Modal opened={left !== null} onClose={answer} title={shell.idleTitle} withCloseButton={false}>
      <Text mb="md" role="alert">
        {shell.idleText(left ?? 0)}
      </Text>
      <Group justify="flex-end">
        <Button variant="default" onClick={leave}>
          {shell.signOut}
        </Button>
        <Button onClick={answer} data-autofocus>
          {shell.idleStay}
        </Button>
      </Group>
    </Modal>
  );
}

import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useEffect, useState, type ReactNode } from 'react';
import { useBlocker } from 'react-router';
import { useTexts } from '@/i18n/context';
import { CreateForm } from './CreateForm';
import { FreshCode, type Fresh } from './FreshCode';

interface CreateDialogProps {
  onCreated: () => void;
  onClose: () => void;
}

/**
 * Makes a code and shows it this once. The code lives in this component's state and nowhere else: with the dialog it is gone, so
 * leaving asks while nothing was copied.
 */
export function CreateDialog({ onCreated, onClose }: CreateDialogProps): ReactNode {
  const { tokens, common } = useTexts();
  const [fresh, setFresh] = useState<Fresh | null>(null);
  const [copied, setCopied] = useState(false);
  const [leaving, setLeaving] = useState(false);
  const atRisk = fresh !== null && !copied;

  const blocker = useBlocker(
    ({ currentLocation, nextLocation }) => atRisk && currentLocation.pathname !== nextLocation.pathname,
  );
  useEffect(() => {
    if (!atRisk) return;
    const ask = (event: BeforeUnloadEvent): void => event.preventDefault();
    window.addEventListener('beforeunload', ask);
    return () => window.removeEventListener('beforeunload', ask);
  }, [atRisk]);

  const stay = (): void => {
    setLeaving(false);
    blocker.reset?.();
  };
  const leave = (): void => {
    if (blocker.state === 'blocked') blocker.proceed();
    else onClose();
  };
  return (
    <>
      <Modal
        opened
        onClose={() => (atRisk ? setLeaving(true) : onClose())}
        closeOnClickOutside={fresh === null}
        title={fresh ? tokens.fresh.title : tokens.form.title}
        closeButtonProps={{ 'aria-label': common.close }}
        size={fresh ? 1040 : 520}
      >
        {fresh ? (
          <FreshCode
            fresh={fresh}
            onCopied={() => setCopied(true)}
            onClose={() => (atRisk ? setLeaving(true) : onClose())}
          />
        ) : (
          <CreateForm
            onCreated={(made) => {
              setFresh(made);
              onCreated();
            }}
            onCancel={onClose}
          />
        )}
      </Modal>
      {/* Only while it asks: one that is there but closed would take the key that opened it for its own. */}
      {(leaving || blocker.state === 'blocked') && (
        <Modal opened onClose={stay} title={tokens.fresh.leaveTitle} closeButtonProps={{ 'aria-label': common.close }}>
          <Stack>
            <Text>{tokens.fresh.leaveText}</Text>
            <Group justify="flex-end">
              <Button variant="default" onClick={leave}>
                {tokens.fresh.leave}
              </Button>
              <Button onClick={stay} data-autofocus>
                {tokens.fresh.stay}
              </Button>
            </Group>
          </Stack>
        </Modal>
      )}
    </>
  );
}

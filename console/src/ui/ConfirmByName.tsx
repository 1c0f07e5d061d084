import { Button, Group, Modal, Stack, TextInput } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import { useTexts } from '@/i18n/context';
import { Failure } from './Failure';

interface ConfirmByNameProps {
  opened: boolean;
  onClose: () => void;
  title: string;
  /** What will happen, what stays, and that it cannot be undone. */
  children: ReactNode;
  /** What has to be typed; without it, a click is enough. */
  name?: string;
  action: string;
  busy: boolean;
  failure: unknown;
  onConfirm: () => void;
}

/** Asks before something that cannot be taken back. */
export function ConfirmByName(props: ConfirmByNameProps): ReactNode {
  const { common } = useTexts();
  return (
    <Modal
      opened={props.opened}
      onClose={props.onClose}
      title={props.title}
      closeButtonProps={{ 'aria-label': common.close }}
    >
      <Question {...props} />
    </Modal>
  );
}

/** Inside of the dialog, so that what was typed is gone with it. */
function Question({ children, name, action, busy, failure, onConfirm, onClose }: ConfirmByNameProps): ReactNode {
  const { common } = useTexts();
  const [typed, setTyped] = useState('');
  const ready = name === undefined || typed === name;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (ready) onConfirm();
      }}
    >
      <Stack>
        <div>{children}</div>
        {name !== undefined && (
          <TextInput
            label={common.typeName(name)}
            value={typed}
            onChange={(event) => setTyped(event.currentTarget.value)}
            autoComplete="off"
            spellCheck={false}
            data-autofocus
          />
        )}
        {failure !== null && failure !== undefined && <Failure failure={failure} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {common.cancel}
          </Button>
          <Button type="submit" color="red.9" data-grave disabled={!ready} loading={busy}>
            {action}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

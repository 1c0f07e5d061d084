import { Button, Checkbox, Group, Modal, Stack, Text, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useState, type ReactNode } from 'react';
import { useAction } from '@/api/queries';
import { useTexts } from '@/i18n/context';
import { ConfirmByName } from '@/ui/ConfirmByName';
import { Failure } from '@/ui/Failure';
import { NameRules } from '../tokens/CreateForm';
import { nameFits } from '../tokens/rules';

interface DialogProps {
  id: string;
  name: string;
  onClose: () => void;
}

/** Gives a source another name. */
export function RenameDialog({ id, name, onClose }: DialogProps): ReactNode {
  const { sources, common } = useTexts();
  const { rename } = sources;
  const [typed, setTyped] = useState(name);
  const modify = useAction('ModifySourceServerAttribute', [
    'DescribeSourceServers',
    'DescribeSourceServer',
    'DescribeAccessToken',
  ]);
  const ready = typed !== '' && typed !== name && nameFits(typed);
  const submit = async (): Promise<void> => {
    if (!ready || !(await modify.run({ SourceId: id, Name: typed }))) return;
    notifications.show({ message: rename.done(typed) });
    onClose();
  };
  return (
    <Modal opened onClose={onClose} title={rename.title} closeButtonProps={{ 'aria-label': common.close }}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <Stack>
          <div>
            <TextInput
              label={rename.name}
              description={rename.hint}
              value={typed}
              onChange={(event) => setTyped(event.currentTarget.value)}
              error={!nameFits(typed)}
              autoComplete="off"
              data-autofocus
            />
            <NameRules name={typed} />
          </div>
          {modify.failure && <Failure failure={modify.failure} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {common.cancel}
            </Button>
            <Button type="submit" disabled={!ready} loading={modify.busy}>
              {rename.submit}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

interface RemoveDialogProps extends DialogProps {
  hasJob: boolean;
  onDone: () => void;
}

/** Forgets a source, once its name was typed. */
export function RemoveDialog({ id, name, hasJob, onClose, onDone }: RemoveDialogProps): ReactNode {
  const { remove: words } = useTexts().sources;
  const [withJob, setWithJob] = useState(false);
  const remove = useAction('DeleteSourceServer', ['DescribeReplicationJobs', 'DescribeAccessToken']);
  const confirm = async (): Promise<void> => {
    if (!(await remove.run({ SourceId: id, Force: withJob ? true : undefined }))) return;
    notifications.show({ message: words.done(name) });
    onDone();
  };
  return (
    <ConfirmByName
      opened
      onClose={onClose}
      title={words.title(name)}
      name={name}
      action={words.submit}
      busy={remove.busy}
      failure={remove.failure}
      onConfirm={() => void confirm()}
    >
      <Stack gap="sm">
        <Text>{words.text}</Text>
        {hasJob && (
          <Checkbox
            label={words.withJob}
            description={words.withJobHint}
            checked={withJob}
            onChange={(event) => setWithJob(event.currentTarget.checked)}
          />
        )}
      </Stack>
    </ConfirmByName>
  );
}

import { Button, Group, Modal, NumberInput, Stack, Text, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useState, type ReactNode } from 'react';
import type { ReplicationJob } from '@/api/generated';
import { useAction } from '@/api/queries';
import { useTexts } from '@/i18n/context';
import { Failure } from '@/ui/Failure';
import { CopyFields } from '../CopyFields';
import classes from '../Jobs.module.css';
import { changeable } from '../logic/actions';
import { changeFaults, changeOf, changes, type Change, type ChangeFault } from '../logic/change';

interface ModifyProps {
  job: ReplicationJob;
  now: number;
  opened: boolean;
  onClose: () => void;
}

/** Changes what of a job can be changed in its state. */
export function Modify(props: ModifyProps): ReactNode {
  const { jobs, common } = useTexts();
  const { opened, onClose } = props;
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={jobs.modify.title}
      size="lg"
      closeButtonProps={{ 'aria-label': common.close }}
    >
      <Form {...props} />
    </Modal>
  );
}

/** Inside of the dialog, so that it begins with the job as it is then. */
function Form({ job: current, now, onClose }: ModifyProps): ReactNode {
  const { jobs, common } = useTexts();
  const { wizard, modify } = jobs;
  // The job as it was when the form began: news that come meanwhile do not change what a person types against.
  const [job] = useState(current);
  const [change, setChange] = useState(() => changeOf(job));
  const action = useAction('ModifyReplicationJobAttribute', ['DescribeReplicationJobs']);
  const may = changeable(current, now);
  const faults = changeFaults(job, change);
  const error = (fault: ChangeFault): string | undefined => (faults.has(fault) ? wizard.faults[fault] : undefined);
  const set = (some: Partial<Change>): void => setChange({ ...change, ...some });
  const number = (value: string | number): number | '' => (typeof value === 'number' ? value : '');
  const asked = changes(job, change);
  const save = async (): Promise<void> => {
    if (!(await action.run({ JobId: job.JobId ?? '', ...asked }))) return;
    notifications.show({ message: jobs.actions.changed });
    onClose();
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <Stack>
        <Text c="dimmed">{modify.lead}</Text>
        <TextInput
          label={wizard.name}
          value={change.name}
          error={error('name')}
          disabled={!may.has('words')}
          onChange={(event) => set({ name: event.currentTarget.value })}
          data-autofocus
        />
        <TextInput
          label={wizard.description}
          value={change.description}
          error={error('description')}
          disabled={!may.has('words')}
          onChange={(event) => set({ description: event.currentTarget.value })}
        />
        <div className={classes.fields}>
          {!job.RunOnce && (
            <>
              <NumberInput
                label={wizard.hours}
                description={may.has('cycle') ? wizard.hoursHint : modify.notNow}
                value={change.hours}
                error={error('hours')}
                disabled={!may.has('cycle')}
                onChange={(value) => set({ hours: number(value) })}
              />
              <NumberInput
                label={wizard.keep}
                description={may.has('cycle') ? wizard.keepHint : modify.notNow}
                value={change.keep}
                error={error('keep')}
                disabled={!may.has('cycle')}
                onChange={(value) => set({ keep: number(value) })}
              />
            </>
          )}
          <TextInput
            label={wizard.imageName}
            description={may.has('beginning') ? undefined : modify.notNow}
            value={change.imageName}
            error={error('imageName')}
            disabled={!may.has('beginning')}
            onChange={(event) => set({ imageName: event.currentTarget.value })}
          />
          <NumberInput
            label={wizard.validDays}
            description={may.has('copying') ? wizard.validHint : modify.notNow}
            value={change.validDays}
            error={error('validDays')}
            disabled={!may.has('copying')}
            onChange={(value) => set({ validDays: number(value) })}
          />
        </div>
        {may.has('copying') && (
          <>
            <Text size="sm" c="dimmed">
              {modify.live}
            </Text>
            <CopyFields options={change.copy} onChange={(copy) => set({ copy })} faults={faults} />
          </>
        )}
        {action.failure && <Failure failure={action.failure} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {common.cancel}
          </Button>
          <Button type="submit" loading={action.busy} disabled={faults.size > 0 || Object.keys(asked).length === 0}>
            {modify.save}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

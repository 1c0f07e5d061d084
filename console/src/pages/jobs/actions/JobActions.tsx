import { notifications } from '@mantine/notifications';
import { IconArrowsExchange, IconPencil, IconPlayerPlay, IconPlayerStop, IconTrash } from '@tabler/icons-react';
import { useEffect, useState, type ReactNode } from 'react';
import { useNavigate } from 'react-router';
import type { ReplicationJob } from '@/api/generated';
import { useAction } from '@/api/queries';
import { useTexts } from '@/i18n/context';
import { ConfirmByName } from '@/ui/ConfirmByName';
import { Failure } from '@/ui/Failure';
import { useNow } from '@/ui/When';
import { refusals, type Verb } from '../logic/actions';
import { filled } from '../logic/words';
import { ActionButton } from './ActionButton';
import { CutOver } from './CutOver';
import { Modify } from './Modify';

const changed = ['DescribeReplicationJobs', 'DescribeImages'] as const;

/** Everything that can be done with a job; what cannot be done now says why. */
export function JobActions({ job }: { job: ReplicationJob }): ReactNode {
  const { jobs } = useTexts();
  const { actions } = jobs;
  const id = { JobId: job.JobId ?? '' };
  const now = useNow(30_000);
  const [open, setOpen] = useState<Verb | null>(null);
  const start = useAction('StartReplicationJob', changed);
  const stop = useAction('StopReplicationJob', changed);
  const why = refusals(job, now);
  const reason = (verb: Verb): string | null => (why[verb] === null ? null : actions.why[why[verb]]);
  const say = async (done: Promise<unknown>, message: string): Promise<void> => {
    if (await done) notifications.show({ message });
  };
  const close = (): void => setOpen(null);
  useRefusal(start.failure, start.reset);
  useRefusal(stop.failure, stop.reset);
  const again = job.Status === 'Stopped' || job.Status === 'InError';
  return (
    <>
      {job.Status === 'Running' ? (
        <ActionButton
          icon={IconPlayerStop}
          label={actions.stop}
          reason={reason('stop')}
          busy={stop.busy}
          onClick={() => void say(stop.run(id), actions.stopped)}
        />
      ) : (
        <ActionButton
          primary
          icon={IconPlayerPlay}
          label={job.Status === 'Waiting' ? actions.runNow : again ? actions.resume : actions.start}
          reason={reason('start')}
          busy={start.busy}
          onClick={() => void say(start.run(id), actions.started)}
        />
      )}
      <ActionButton
        icon={IconArrowsExchange}
        label={actions.cutOver}
        reason={reason('cutOver')}
        onClick={() => setOpen('cutOver')}
      />
      <ActionButton
        icon={IconPencil}
        label={actions.modify}
        reason={reason('modify')}
        onClick={() => setOpen('modify')}
      />
      <ActionButton
        icon={IconTrash}
        label={actions.delete}
        reason={reason('delete')}
        onClick={() => setOpen('delete')}
      />
      <CutOver job={job} opened={open === 'cutOver'} onClose={close} />
      <Modify job={job} now={now} opened={open === 'modify'} onClose={close} />
      <Delete job={job} opened={open === 'delete'} onClose={close} />
    </>
  );
}

/** A refusal of a button that has no dialog to show it in. */
function useRefusal(failure: unknown, reset: () => void): void {
  useEffect(() => {
    if (!failure) return;
    notifications.show({ message: <Failure failure={failure} />, autoClose: false, onClose: reset, withBorder: true });
  }, [failure, reset]);
}

interface DialogProps {
  job: ReplicationJob;
  opened: boolean;
  onClose: () => void;
}

function Delete({ job, opened, onClose }: DialogProps): ReactNode {
  const { actions } = useTexts().jobs;
  const navigate = useNavigate();
  const remove = useAction('DeleteReplicationJob', changed);
  const confirm = async (): Promise<void> => {
    if (!(await remove.run({ JobId: job.JobId ?? '' }))) return;
    onClose();
    notifications.show({ message: actions.deleted });
    await navigate('/jobs');
  };
  return (
    <ConfirmByName
      opened={opened}
      onClose={() => {
        remove.reset();
        onClose();
      }}
      title={actions.deleteTitle}
      name={filled(job.Name, job.JobId ?? '')}
      action={actions.deleteDo}
      busy={remove.busy}
      failure={remove.failure}
      onConfirm={() => void confirm()}
    >
      {actions.deleteText}
    </ConfirmByName>
  );
}

import { Alert, Radio, Stack, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useState, type ReactNode } from 'react';
import type { ReplicationJob } from '@/api/generated';
import { useAction } from '@/api/queries';
import { useLanguage, useTexts } from '@/i18n/context';
import { ConfirmByName } from '@/ui/ConfirmByName';
import { duration } from '@/ui/format/format';
import { expectedDowntime } from '../logic/schedule';
import { filled } from '../logic/words';

interface CutOverProps {
  job: ReplicationJob;
  opened: boolean;
  onClose: () => void;
}

/** Ends an incremental job, with or without a last run. */
export function CutOver({ job, opened, onClose }: CutOverProps): ReactNode {
  const { cutOver, actions } = useTexts().jobs;
  const { locale } = useLanguage();
  const [sync, setSync] = useState(true);
  const action = useAction('CutOverReplicationJob', ['DescribeReplicationJobs', 'DescribeImages']);
  const downtime = expectedDowntime(job.ReplicationJobRuns.ReplicationJobRun);
  const close = (): void => {
    action.reset();
    onClose();
  };
  const confirm = async (): Promise<void> => {
    if (!(await action.run({ JobId: job.JobId ?? '', SyncData: sync }))) return;
    notifications.show({ message: actions.cuttingOver });
    close();
  };
  return (
    <ConfirmByName
      opened={opened}
      onClose={close}
      title={cutOver.title}
      name={filled(job.Name, job.JobId ?? '')}
      action={cutOver.done}
      busy={action.busy}
      failure={action.failure}
      onConfirm={() => void confirm()}
    >
      <Stack gap="sm">
        <Text>{cutOver.lead}</Text>
        <Radio.Group
          value={sync ? 'sync' : 'end'}
          onChange={(value) => setSync(value === 'sync')}
          aria-label={cutOver.title}
        >
          <Stack gap="xs">
            <Radio value="sync" label={cutOver.sync} description={cutOver.syncHint} />
            <Radio value="end" label={cutOver.noSync} description={cutOver.noSyncHint} />
          </Stack>
        </Radio.Group>
        {sync && (
          <Alert color="gray" variant="light">
            {downtime === undefined ? cutOver.downtimeUnknown : cutOver.downtime(duration(downtime / 1000, locale))}
          </Alert>
        )}
        <Text size="sm" c="dimmed">
          {cutOver.after}
        </Text>
      </Stack>
    </ConfirmByName>
  );
}

import { Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTexts } from '@/i18n/context';
import classes from '../Jobs.module.css';
import type { Tracking } from '../logic/figures';

/** How changes are found, and what that means. */
export function TrackingNote({ tracking, unproven }: { tracking: Tracking; unproven: string | undefined }): ReactNode {
  const { live } = useTexts().jobs;
  const byKernel = tracking.mode === 'ebpf';
  return (
    <div className={classes.tracking} data-mode={tracking.mode}>
      <Text size="sm" c="dimmed">
        {live.tracking}
      </Text>
      <Text fw={550}>{byKernel ? live.ebpf : live.rescan}</Text>
      {!byKernel && tracking.reason !== '' && <Text size="sm">{live.rescanReason(tracking.reason)}</Text>}
      {byKernel && unproven !== undefined && <Text size="sm">{live.unproven(unproven)}</Text>}
      <Text size="sm" c="dimmed">
        {byKernel ? live.ebpfHelp : live.rescanHelp}
      </Text>
    </div>
  );
}

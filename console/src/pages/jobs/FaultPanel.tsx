import { Alert, Stack, Text } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { useTexts } from '@/i18n/context';
import { ErrorCode } from '@/ui/ErrorCode';
import { FactList } from '@/ui/FactList';
import { Fact } from './JobFacts';
import type { Fault } from './logic/figures';

/** Why a job failed, and what to do about it. */
export function FaultPanel({ fault }: { fault: Fault }): ReactNode {
  const { jobs } = useTexts();
  const known = jobs.faults[fault.code];
  return (
    <Alert color="red" variant="light" icon={<IconAlertTriangle size={20} aria-hidden />} title={jobs.fault.title}>
      <Stack gap="sm">
        <Text fw={550}>{known?.remedy}</Text>
        <FactList>
          {known && <Fact term={jobs.fault.cause}>{known.cause}</Fact>}
          {fault.message !== '' && <Fact term={jobs.fault.message}>{fault.message}</Fact>}
          <Fact term={jobs.fault.code}>
            {known ? <ErrorCode code={fault.code} /> : <span className="mono">{fault.code}</span>}
          </Fact>
        </FactList>
      </Stack>
    </Alert>
  );
}

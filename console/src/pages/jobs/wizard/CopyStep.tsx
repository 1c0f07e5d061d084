import { Checkbox, List, Radio, Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import type { SourceServer } from '@/api/generated';
import { useOperation } from '@/api/queries';
import { useLanguage, useTexts } from '@/i18n/context';
import { bytes } from '@/ui/format/format';
import { Failure } from '@/ui/Failure';
import { Loading } from '@/ui/Loading';
import { CopyFields } from '../CopyFields';
import { plansIn } from '../logic/plan';
import type { StepProps } from './StepProps';

/** What is copied of a source, and how. */
export function CopyStep({ draft, onChange, faults }: StepProps): ReactNode {
  const { wizard } = useTexts().jobs;
  const [only, ...more] = draft.sources;
  return (
    <Stack gap="lg">
      {only && more.length === 0 ? (
        <OneSource id={only.id} draft={draft} onChange={onChange} faults={faults} />
      ) : (
        <Text c="dimmed">{wizard.severalDisks}</Text>
      )}
      <CopyFields options={draft.copy} onChange={(copy) => onChange({ copy })} faults={faults} />
    </Stack>
  );
}

function OneSource({ id, draft, onChange, faults }: StepProps & { id: string }): ReactNode {
  const { wizard } = useTexts().jobs;
  const listed = useOperation('DescribeSourceServers', { SourceId: [id] });
  const told = useOperation('DescribeSourceServer', { SourceId: id });
  const source = listed.data?.SourceServers.SourceServer[0];
  return (
    <Stack gap="sm">
      {source ? (
        <Disks source={source} draft={draft} onChange={onChange} faults={faults} />
      ) : listed.error ? (
        <Failure failure={listed.error} onRetry={() => void listed.refetch()} />
      ) : listed.data ? (
        <Text c="dimmed">{wizard.sourceGone}</Text>
      ) : (
        <Loading rows={2} />
      )}
      <Plan inventory={told.data?.Inventory} />
    </Stack>
  );
}

function Disks({ source, draft, onChange, faults }: StepProps & { source: SourceServer }): ReactNode {
  const { wizard } = useTexts().jobs;
  const data = source.DataDisks.DataDisk;
  const chosen = draft.disks === 'all' ? data.map((disk) => disk.Index) : draft.disks;
  const toggle = (index: number, on: boolean): void =>
    onChange({ disks: on ? [...chosen, index].sort((a, b) => a - b) : chosen.filter((one) => one !== index) });
  return (
    <>
      <Radio.Group
        label={wizard.disks}
        description={wizard.wholeDisk}
        value={draft.disks === 'all' ? 'all' : 'some'}
        onChange={(value) => onChange({ disks: value === 'all' ? 'all' : data.map((disk) => disk.Index) })}
      >
        <Stack gap="xs" mt="xs">
          <Radio value="all" label={wizard.allDisks} />
          {data.length > 1 && <Radio value="some" label={wizard.someDisks} />}
        </Stack>
      </Radio.Group>
      {draft.disks !== 'all' && (
        <Stack gap="xs" pl="lg">
          {source.SystemDiskSize !== undefined && (
            <Checkbox
              checked
              disabled
              label={`${wizard.systemDisk}, ${source.SystemDiskSize} GiB (${wizard.systemDiskAlways})`}
            />
          )}
          {data.map((disk) => (
            <Checkbox
              key={disk.Index}
              label={[wizard.dataDisk(disk.Index), disk.Path, `${disk.Size} GiB`].filter(Boolean).join(', ')}
              checked={chosen.includes(disk.Index)}
              onChange={(event) => toggle(disk.Index, event.currentTarget.checked)}
            />
          ))}
          {faults.has('noDisk') && (
            <Text size="sm" c="var(--lf-bad)">
              {wizard.faults.noDisk}
            </Text>
          )}
        </Stack>
      )}
    </>
  );
}

/** What would be copied, where the inventory tells. */
function Plan({ inventory }: { inventory: string | undefined }): ReactNode {
  const { wizard } = useTexts().jobs;
  const { locale } = useLanguage();
  const plans = plansIn(inventory);
  if (plans.length === 0) return null;
  return (
    <div>
      <Text size="sm" fw={550}>
        {wizard.planTitle}
      </Text>
      <List size="sm" c="dimmed">
        {plans.map(({ path, copied, size, whole }) => (
          <List.Item key={path}>
            {[
              wizard.planLine(path, bytes(copied, locale), bytes(size, locale)),
              ...whole.map((part) => wizard.planWhole(part.path, part.holds || wizard.nothingKnown)),
            ].join('; ')}
          </List.Item>
        ))}
      </List>
    </div>
  );
}

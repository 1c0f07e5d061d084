import { NumberInput, Select, Stack } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTexts } from '@/i18n/context';
import classes from './Jobs.module.css';
import { checks, freezeBudget, hardestCompression, type CopyOptions } from './logic/parameters';

interface CopyFieldsProps {
  options: CopyOptions;
  onChange: (options: CopyOptions) => void;
  faults: ReadonlySet<string>;
}

/** How to copy. */
export function CopyFields({ options, onChange, faults }: CopyFieldsProps): ReactNode {
  const { wizard } = useTexts().jobs;
  const set = (some: Partial<CopyOptions>): void => onChange({ ...options, ...some });
  const number = (value: string | number): number | '' => (typeof value === 'number' ? value : '');
  const levels = Array.from({ length: hardestCompression + 1 }, (_, level) => ({
    value: String(level),
    label: level === 0 ? wizard.compressionNone : wizard.compressionLevel(level),
  }));
  return (
    <Stack>
      <div className={classes.fields}>
        <NumberInput
          label={wizard.bandwidth}
          description={wizard.bandwidthHint}
          value={options.bandwidth}
          error={faults.has('bandwidth') ? wizard.faults.bandwidth : undefined}
          min={0}
          decimalScale={3}
          onChange={(value) => set({ bandwidth: number(value) })}
        />
        <NumberInput
          label={wizard.freeze}
          description={wizard.freezeHint}
          placeholder={String(freezeBudget.normal)}
          value={options.freeze}
          error={faults.has('freeze') ? wizard.faults.freeze : undefined}
          allowDecimal={false}
          onChange={(value) => set({ freeze: number(value) })}
        />
      </div>
      <Select
        label={wizard.compression}
        data={[{ value: 'auto', label: wizard.compressionAuto }, ...levels]}
        value={String(options.compression)}
        allowDeselect={false}
        onChange={(value) => set({ compression: value === null || value === 'auto' ? 'auto' : Number(value) })}
        maw={360}
      />
      <Select
        label={wizard.checksum}
        description={wizard.checksumHint}
        data={checks.map((value) => ({ value, label: wizard.checks[value] }))}
        value={options.checksum}
        allowDeselect={false}
        onChange={(value) => set({ checksum: checks.find((one) => one === value) ?? 'last' })}
        maw={360}
      />
    </Stack>
  );
}

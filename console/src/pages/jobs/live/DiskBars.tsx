import { Group, Progress, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { useLanguage, useTexts } from '@/i18n/context';
import { bytes } from '@/ui/format/format';
import classes from '../Jobs.module.css';
import { donePercent, type Figures } from '../logic/figures';

/** The pass, disk by disk. */
export function DiskBars({ figures }: { figures: Figures }): ReactNode {
  const { live } = useTexts().jobs;
  const { locale } = useLanguage();
  return (
    <div>
      {figures.disks.map((disk) => {
        const name = figures.phase === 'image' ? live.imageOf : live.disk(disk.disk);
        const percent = donePercent(disk);
        const total = bytes(disk.total, locale);
        return (
          <div key={disk.disk} className={classes.disk}>
            <Group justify="space-between" gap="xs" mb={4}>
              <Text size="sm">{name}</Text>
              <Text size="sm" c="dimmed">
                {disk.left === 0 ? live.allRead(total) : live.left(bytes(disk.left, locale), total)} · {percent} %
              </Text>
            </Group>
            <Progress.Root size={6}>
              <Progress.Section value={percent} color="var(--lf-accent)" aria-label={live.diskDone(name, percent)} />
            </Progress.Root>
          </div>
        );
      })}
    </div>
  );
}

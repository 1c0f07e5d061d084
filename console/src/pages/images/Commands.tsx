import { Select, Stack, Text } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import type { Image } from '@/api/generated';
import { useTexts } from '@/i18n/context';
import { CopyButton } from '@/ui/CopyButton';
import { Panel } from '@/ui/Panel';
import classes from './Images.module.css';
import { commands } from './logic';

interface CommandsProps {
  image: Image;
  /** The numbers of its disks, where they can be told. */
  numbers: readonly (number | undefined)[];
}

/** What is done with an image where it is: on the center. */
export function Commands({ image, numbers }: CommandsProps): ReactNode {
  const { images } = useTexts();
  const [at, setAt] = useState('0');
  const made = commands(image, numbers[Number(at)], numbers.length > 1);
  const order = ['verify', 'testBoot', 'exportQcow2', 'exportRaw', 'against', 'show'] as const;
  return (
    <Panel title={images.commands.title}>
      <Stack>
        <div>
          <Text>{images.commands.hint}</Text>
          <Text size="sm" c="dimmed">
            {images.commands.dataDir}
          </Text>
        </div>
        {numbers.length > 1 && (
          <Select
            label={images.commands.whichDisk}
            description={images.commands.whichDiskHint}
            data={numbers.map((number, index) => ({
              value: String(index),
              label: images.commands.disk(number ?? index),
            }))}
            value={at}
            allowDeselect={false}
            onChange={(value) => setAt(value ?? '0')}
            maw={320}
          />
        )}
        {order.map((name) => (
          <div key={name}>
            <Text size="sm" mb={4}>
              {images.commands[name]}
            </Text>
            <div className={classes.command}>
              <code>{made[name]}</code>
              <CopyButton value={made[name]} name={images.commands.copy(images.commands[name])} />
            </div>
          </div>
        ))}
      </Stack>
    </Panel>
  );
}

import { Stack, Text } from '@mantine/core';
import type { Icon } from '@tabler/icons-react';
import type { ReactNode } from 'react';

interface EmptyProps {
  icon?: Icon;
  title: string;
  /** What to do about it. */
  hint?: string;
  action?: ReactNode;
}

/** What is shown where there is nothing yet: why, and what comes next. */
export function Empty({ icon: Icon, title, hint, action }: EmptyProps): ReactNode {
  return (
    <Stack align="center" gap="xs" py="xl" px="md">
      {Icon && <Icon size={36} stroke={1.3} color="var(--lf-quiet)" aria-hidden />}
      <Text fw={550} ta="center">
        {title}
      </Text>
      {hint !== undefined && (
        <Text c="dimmed" ta="center" maw={460}>
          {hint}
        </Text>
      )}
      {action}
    </Stack>
  );
}

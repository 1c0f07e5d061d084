import { Skeleton, Stack } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTexts } from '@/i18n/context';

/** The place of something that is on its way. */
export function Loading({ rows = 4, height = 20 }: { rows?: number; height?: number }): ReactNode {
  const { common } = useTexts();
  return (
    <Stack gap="sm" role="status" aria-label={common.loading} py="sm">
      {Array.from({ length: rows }, (_, row) => (
        <Skeleton key={row} height={height} width={`${100 - ((row * 17) % 40)}%`} />
      ))}
    </Stack>
  );
}

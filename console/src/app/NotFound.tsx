import { Button } from '@mantine/core';
import { IconMapOff } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { Link } from 'react-router';
import { useTexts } from '@/i18n/context';
import { Empty } from '@/ui/Empty';
import { PageHeader } from '@/ui/PageHeader';

/** What an address shows that leads nowhere. */
export function NotFound(): ReactNode {
  const { shell } = useTexts();
  return (
    <>
      <PageHeader title={shell.notFound} />
      <Empty
        icon={IconMapOff}
        title={shell.notFoundHint}
        action={
          <Button component={Link} to="/" variant="default">
            {shell.toOverview}
          </Button>
        }
      />
    </>
  );
}

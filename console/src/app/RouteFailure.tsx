import { Button, Code, Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { isRouteErrorResponse, useRouteError } from 'react-router';
import { useTexts } from '@/i18n/context';
import { PageHeader } from '@/ui/PageHeader';

/** What is left of a page that broke; the rest of the console goes on. */
export function RouteFailure(): ReactNode {
  const error = useRouteError();
  const { failure, common } = useTexts();
  const said = isRouteErrorResponse(error) ? error.statusText : error instanceof Error ? error.message : String(error);
  return (
    <Stack p="lg" gap="md" align="flex-start" role="alert">
      <PageHeader title={failure.broken} />
      <Text>{failure.brokenHint}</Text>
      <Code block>{said}</Code>
      <Button onClick={() => window.location.reload()}>{common.reload}</Button>
    </Stack>
  );
}

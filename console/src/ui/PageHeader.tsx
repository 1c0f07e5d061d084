import { Anchor, Group, Stack, Text, Title } from '@mantine/core';
import { useEffect, useRef, type ReactNode } from 'react';
import { Link, useLocation } from 'react-router';
import { useTexts } from '@/i18n/context';

interface PageHeaderProps {
  title: string;
  /** One line on what the page is for. */
  lead?: string;
  /** The page above this one. */
  up?: { to: string; title: string };
  /** Beside the title: a state. */
  aside?: ReactNode;
  actions?: ReactNode;
}

/** The head of a page. Names the document, and takes the focus when one comes from another page. */
export function PageHeader({ title, lead, up, aside, actions }: PageHeaderProps): ReactNode {
  const { shell } = useTexts();
  const heading = useRef<HTMLHeadingElement>(null);
  const { pathname, key } = useLocation();
  useEffect(() => {
    document.title = shell.documentTitle(title);
  }, [title, shell]);
  useEffect(() => {
    // Not on the first page: who has just come begins at the top.
    if (key !== 'default') heading.current?.focus({ preventScroll: true });
  }, [pathname, key]);
  return (
    <Group justify="space-between" align="flex-end" gap="md" mb="md">
      <Stack gap={2} maw={760}>
        {up && (
          <Anchor component={Link} to={up.to} size="sm">
            {up.title}
          </Anchor>
        )}
        <Group gap="sm">
          <Title order={1} ref={heading} tabIndex={-1}>
            {title}
          </Title>
          {aside}
        </Group>
        {lead !== undefined && <Text c="dimmed">{lead}</Text>}
      </Stack>
      {actions !== undefined && <Group gap="xs">{actions}</Group>}
    </Group>
  );
}

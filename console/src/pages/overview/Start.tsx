import { Button, Text, Title } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { Link } from 'react-router';
import { useTexts } from '@/i18n/context';
import { Panel } from '@/ui/Panel';
import classes from './Overview.module.css';

/** What is shown where there is nothing yet: how to begin. */
export function Start(): ReactNode {
  const { start } = useTexts().overview;
  return (
    <Panel>
      <Title order={2}>{start.title}</Title>
      <Text mt="xs" maw={620}>
        {start.text}
      </Text>
      <ol className={classes.steps}>
        {start.steps.map((step) => (
          <li key={step}>{step}</li>
        ))}
      </ol>
      <Button component={Link} to="/tokens?new=1" leftSection={<IconPlus size={16} aria-hidden />}>
        {start.button}
      </Button>
    </Panel>
  );
}

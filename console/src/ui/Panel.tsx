import { Group, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import classes from './Panel.module.css';

interface PanelProps {
  title?: string;
  actions?: ReactNode;
  /** Without padding: for a table. */
  flush?: boolean;
  children: ReactNode;
}

/** A sheet on the canvas that holds one thing. */
export function Panel({ title, actions, flush = false, children }: PanelProps): ReactNode {
  return (
    <section className={classes.panel} aria-label={title}>
      {title !== undefined && (
        <Group className={classes.head} justify="space-between">
          <Title order={2}>{title}</Title>
          {actions}
        </Group>
      )}
      <div className={flush ? undefined : classes.body}>{children}</div>
    </section>
  );
}

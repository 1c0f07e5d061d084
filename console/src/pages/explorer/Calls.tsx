import { Button, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import type { HistoryEntry } from '@/explorer/history.ts';
import { useTexts } from '@/i18n/context';
import { Panel } from '@/ui/Panel';
import { StateBadge } from '@/ui/StateBadge';
import { When } from '@/ui/When';
import classes from './explorer.module.css';

interface CallsProps {
  entries: readonly HistoryEntry[];
  onRefill: (entry: HistoryEntry) => void;
  onClear: () => void;
}

/** The calls of this tab, to fill in again. */
export function Calls({ entries, onRefill, onClear }: CallsProps): ReactNode {
  const { calls } = useTexts().explorer;
  const clear = (
    <Button variant="subtle" size="compact-xs" onClick={onClear}>
      {calls.clear}
    </Button>
  );
  return (
    <Panel title={calls.title} actions={entries.length > 0 ? clear : undefined}>
      {entries.length === 0 && (
        <Text size="sm" c="dimmed">
          {calls.none}
        </Text>
      )}
      {entries.slice(0, 12).map((entry) => (
        <button
          key={entry.id}
          type="button"
          className={classes.call}
          title={calls.refill(entry.action)}
          onClick={() => onRefill(entry)}
        >
          <span>{entry.action}</span>
          <span>
            <StateBadge tone={entry.status < 300 ? 'good' : 'bad'} label={String(entry.status)} />{' '}
            <span className={classes.facts}>
              <When time={new Date(entry.at).toISOString()} away />
            </span>
          </span>
        </button>
      ))}
    </Panel>
  );
}

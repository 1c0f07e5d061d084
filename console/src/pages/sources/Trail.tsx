import { Button, Text } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import type { AuditEvent } from '@/api/generated';
import { useOperation } from '@/api/queries';
import { useTexts } from '@/i18n/context';
import { Failure } from '@/ui/Failure';
import { LinkedText } from '@/ui/LinkedText';
import { Loading } from '@/ui/Loading';
import { When } from '@/ui/When';
import { actorName } from '../tokens/standing';
import { useOrigin, type Import } from './origin';
import classes from './Sources.module.css';

interface TrailProps {
  resource: string;
  /** Of a source: its import, which is the oldest that there is to say. */
  came?: Import | undefined;
}

/** What the audit log has about a code, a source or a job, newest first. */
export function Trail({ resource, came }: TrailProps): ReactNode {
  // Where each page that is shown begins; the first begins at the newest entry.
  const [starts, setStarts] = useState<readonly string[]>(['']);
  return (
    <>
      {starts.map((start, at) => (
        <TrailPage
          key={start}
          resource={resource}
          start={start}
          came={came}
          onMore={at === starts.length - 1 ? (next) => setStarts([...starts, next]) : undefined}
        />
      ))}
    </>
  );
}

interface TrailPageProps extends TrailProps {
  start: string;
  onMore: ((next: string) => void) | undefined;
}

function TrailPage({ resource, start, came, onMore }: TrailPageProps): ReactNode {
  const { trail } = useTexts().sources;
  const page = useOperation('ListAuditEvents', {
    ResourceId: resource,
    MaxResults: 20,
    NextToken: start === '' ? undefined : start,
  });
  const oldest = page.data?.NextToken === '';
  const first = useOrigin(oldest ? came : undefined);
  if (!page.data) {
    return page.error ? <Failure failure={page.error} onRetry={() => void page.refetch()} /> : <Loading rows={3} />;
  }
  const { AuditEvents, NextToken: next } = page.data;
  const entries = oldest && first ? [...AuditEvents.AuditEvent, first] : AuditEvents.AuditEvent;
  if (entries.length === 0 && start === '') return <Text c="dimmed">{trail.none}</Text>;
  return (
    <>
      <ol className={classes.trail}>
        {entries.map((entry) => (
          <Entry key={entry.EventId} entry={entry} />
        ))}
      </ol>
      {next !== '' && onMore && (
        <Button variant="default" size="xs" mt="sm" onClick={() => onMore(next)}>
          {trail.more}
        </Button>
      )}
    </>
  );
}

function Entry({ entry }: { entry: AuditEvent }): ReactNode {
  const { trail } = useTexts().sources;
  const words = (trail.events as Record<string, string>)[entry.Event] ?? entry.Event;
  const who = entry.Actor === 'center' ? trail.center : actorName(entry.Actor);
  return (
    <li className={classes.entry}>
      <span className={classes.entryTime}>
        <When time={entry.Time} />
      </span>
      <Text component="span" fw={550} title={entry.Event}>
        {words}
      </Text>
      <span className={classes.entryWho}>
        {entry.Detail !== undefined && entry.Detail !== '' && (
          <>
            <LinkedText text={entry.Detail} />
            {' · '}
          </>
        )}
        <span title={entry.Actor}>{who}</span>
        {entry.SourceIp !== undefined && entry.SourceIp !== '' && ` · ${entry.SourceIp}`}
      </span>
    </li>
  );
}

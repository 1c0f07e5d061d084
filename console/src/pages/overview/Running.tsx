import { Anchor, Progress, Text } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import { Link } from 'react-router';
import { useEvents } from '@/api/events';
import type { ReplicationJob } from '@/api/generated';
import { useOperation, useRefresh } from '@/api/queries';
import { useLanguage, useTexts } from '@/i18n/context';
import { Empty } from '@/ui/Empty';
import { Failure } from '@/ui/Failure';
import { bytes, duration } from '@/ui/format/format';
import { Loading } from '@/ui/Loading';
import { Panel } from '@/ui/Panel';
import { StateBadge } from '@/ui/StateBadge';
import { nameOr } from '../tokens/standing';
import { figuresOf, figuresShown, percentOf, secondsLeft, type Figures } from './figures';
import classes from './Overview.module.css';

const shown = 8;

/** The jobs that run, with their figures as they come. */
export function Running(): ReactNode {
  const { overview } = useTexts();
  const { running } = overview;
  const refresh = useRefresh();
  const [heard, setHeard] = useState<ReadonlyMap<string, Figures>>(new Map());
  const link = useEvents((news) => {
    if (news.kind !== 'progress') {
      // It is in another state than the figures that were heard tell of.
      setHeard((before) => without(before, news.kind === 'changed' ? news.jobId : undefined));
      refresh('DescribeReplicationJobs', 'DescribeSourceServers', 'DescribeImages');
      return;
    }
    const figures = figuresOf(news.progress);
    if (figures) setHeard((before) => new Map(before).set(news.jobId, figures));
  });
  const jobs = useOperation(
    'DescribeReplicationJobs',
    { Status: 'Running', PageSize: shown },
    { every: link === 'live' ? 20_000 : 4_000 },
  );
  const rows = jobs.data?.ReplicationJobs.ReplicationJob;
  const more = (jobs.data?.TotalCount ?? 0) - (rows?.length ?? 0);
  return (
    <Panel
      title={running.title}
      flush
      actions={
        <span className={classes.live} data-link={link}>
          {link === 'live' ? running.live : running.polling}
        </span>
      }
    >
      {rows && jobs.error && (
        <div className={classes.job}>
          <Failure failure={jobs.error} onRetry={() => void jobs.refetch()} stale />
        </div>
      )}
      {!rows ? (
        <div className={classes.job}>
          {jobs.error ? <Failure failure={jobs.error} onRetry={() => void jobs.refetch()} /> : <Loading rows={3} />}
        </div>
      ) : rows.length === 0 ? (
        <NoneRuns />
      ) : (
        <ul className={classes.jobs}>
          {rows.map((job) => (
            <OneJob key={job.JobId} job={job} heard={heard.get(job.JobId ?? '')} />
          ))}
        </ul>
      )}
      {more > 0 && <div className={classes.foot}>{running.more(more)}</div>}
      <Totals />
    </Panel>
  );
}

/** The figures without those of a job, or none at all. */
function without(heard: ReadonlyMap<string, Figures>, id: string | undefined): ReadonlyMap<string, Figures> {
  return new Map(id === undefined ? [] : [...heard].filter(([own]) => own !== id));
}

function NoneRuns(): ReactNode {
  const { running } = useTexts().overview;
  const idle = useOperation('DescribeSourceServers', { State: 'Available', PageSize: 1 }, { every: 15_000 });
  const count = idle.data?.TotalCount ?? 0;
  return <Empty title={running.none} hint={count > 0 ? running.idleSources(count) : running.noneHint} />;
}

/** All jobs and images, which lead to their pages. */
function Totals(): ReactNode {
  const { overview } = useTexts();
  const jobs = useOperation('DescribeReplicationJobs', { PageSize: 1 }, { every: 20_000 });
  const images = useOperation('DescribeImages', { PageSize: 1 }, { every: 20_000 });
  if (!jobs.data && !images.data) return null;
  return (
    <div className={classes.foot}>
      {jobs.data && (
        <Anchor component={Link} to="/jobs" size="sm" mr="md">
          {overview.jobs.all(jobs.data.TotalCount)}
        </Anchor>
      )}
      {images.data && (
        <Anchor component={Link} to="/images" size="sm">
          {overview.images.all(images.data.TotalCount)}
        </Anchor>
      )}
    </div>
  );
}

function OneJob({ job, heard }: { job: ReplicationJob; heard: Figures | undefined }): ReactNode {
  const { running } = useTexts().overview;
  const { locale } = useLanguage();
  const id = job.JobId ?? '';
  const name = nameOr(job.Name, id);
  const figures = figuresShown(job, heard);
  const percent = figures ? percentOf(figures) : (job.Progress ?? 0);
  const seconds = figures && secondsLeft(figures);
  return (
    <li className={classes.job}>
      <div className={classes.jobHead}>
        <Anchor component={Link} to={`/jobs/${id}`} fw={550}>
          {name}
        </Anchor>
        {job.BusinessStatus !== undefined && job.BusinessStatus !== '' && (
          <StateBadge kind="phase" state={job.BusinessStatus} />
        )}
      </div>
      <Progress.Root size="md">
        <Progress.Section value={percent} aria-label={running.progress(name)} />
      </Progress.Root>
      <div className={classes.figures}>
        <span>
          <b>{Math.floor(percent)} %</b>
        </span>
        {figures && (
          <>
            <span>
              {figures.pass > 0 && `${running.pass(figures.pass)} · `}
              {running.phases[figures.phase]}
            </span>
            <span>
              {running.speed} <b>{bytes(figures.bytesPerSecond, locale)}/s</b>
            </span>
            <span>
              {running.left}{' '}
              <b>
                {bytes(figures.leftBytes, locale)}
                {' · '}
                {seconds === undefined ? running.unknown : duration(seconds, locale)}
              </b>
            </span>
          </>
        )}
      </div>
      {!figures && (job.BusinessStatus ?? 'Syncing') === 'Syncing' && (
        <Text size="sm" c="dimmed">
          {running.unknown}
        </Text>
      )}
    </li>
  );
}

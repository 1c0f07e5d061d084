import { Anchor, Text } from '@mantine/core';
import {
  IconAlertTriangle,
  IconCircleCheck,
  IconClockExclamation,
  IconKey,
  IconPlugConnectedX,
} from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { Link } from 'react-router';
import { useOperation } from '@/api/queries';
import { useLanguage, useTexts } from '@/i18n/context';
import { ErrorCode } from '@/ui/ErrorCode';
import { Failure } from '@/ui/Failure';
import { duration } from '@/ui/format/format';
import { Loading } from '@/ui/Loading';
import { Panel } from '@/ui/Panel';
import { useNow } from '@/ui/When';
import { codeMatters, failedJob, lostSource, type Matter } from './matters';
import { useActiveCodes } from './useActiveCodes';
import classes from './Overview.module.css';

/** How many of a kind are named; of more, the number is. */
const named = 5;

/** What does not go on by itself: failed jobs, silent sources, codes that run out. */
export function Attention(): ReactNode {
  const { attention: words } = useTexts().overview;
  const now = useNow(30_000);
  const jobs = useOperation('DescribeReplicationJobs', { Status: 'InError', PageSize: named }, { every: 10_000 });
  const sources = useOperation('DescribeSourceServers', { State: 'Unavailable', PageSize: named }, { every: 15_000 });
  const codes = useActiveCodes();
  const ofCodes = codes.data ? codeMatters(codes.data.AccessTokens.AccessToken, new Date(now)) : [];
  const matters: Matter[] = [
    ...(jobs.data?.ReplicationJobs.ReplicationJob ?? []).map(failedJob),
    ...(sources.data?.SourceServers.SourceServer ?? []).map(lostSource),
    ...ofCodes.slice(0, named),
  ];
  const all = (jobs.data?.TotalCount ?? 0) + (sources.data?.TotalCount ?? 0) + ofCodes.length;
  const failure = jobs.error ?? sources.error ?? codes.error;
  const known = [jobs, sources, codes].every(({ isPending }) => !isPending);
  return (
    <Panel title={words.title} flush>
      {matters.length > 0 && (
        <ul className={classes.matters}>
          {matters.map((matter) => (
            <One key={`${matter.kind} ${matter.id}`} matter={matter} now={now} />
          ))}
        </ul>
      )}
      {matters.length === 0 && known && !failure && (
        <div className={classes.matter}>
          <IconCircleCheck size={20} color="var(--lf-good)" aria-hidden />
          <Text fw={550}>{words.none}</Text>
          <span />
          <span className={classes.said}>{words.noneHint}</span>
        </div>
      )}
      {!known && (
        <div className={classes.job}>
          <Loading rows={3} />
        </div>
      )}
      {all > matters.length && <div className={classes.foot}>{words.more(all - matters.length)}</div>}
      {failure && (
        <div className={classes.job}>
          <Text size="sm" mb="xs">
            {words.partial}
          </Text>
          <Failure failure={failure} />
        </div>
      )}
    </Panel>
  );
}

const icons = {
  job: [IconAlertTriangle, 'bad', 'jobs'],
  offline: [IconPlugConnectedX, 'bad', 'sources'],
  faulty: [IconAlertTriangle, 'bad', 'sources'],
  expiring: [IconClockExclamation, 'wait', 'tokens'],
  spent: [IconKey, 'wait', 'tokens'],
  unused: [IconKey, 'off', 'tokens'],
} as const;

function One({ matter, now }: { matter: Matter; now: number }): ReactNode {
  const { attention: words } = useTexts().overview;
  const [Icon, tone, page] = icons[matter.kind];
  const title = {
    job: words.jobFailed,
    offline: words.offline,
    faulty: words.faulty,
    expiring: words.expiring,
    spent: words.spent,
    unused: words.unused,
  }[matter.kind](matter.name);
  return (
    <li className={`${classes.matter ?? ''} ${classes.toned ?? ''}`} data-tone={tone}>
      <Icon size={20} className={classes.icon ?? ''} aria-hidden />
      <Anchor component={Link} to={`/${page}/${matter.id}`} fw={550}>
        {title}
      </Anchor>
      <span />
      <div className={classes.said}>
        <Said matter={matter} now={now} />
      </div>
    </li>
  );
}

/** Why, and what to do. */
function Said({ matter, now }: { matter: Matter; now: number }): ReactNode {
  const { attention: words } = useTexts().overview;
  const { locale } = useLanguage();
  switch (matter.kind) {
    case 'job':
      return <Failed matter={matter} />;
    case 'faulty':
      return matter.message;
    case 'offline':
      return matter.message === '' ? words.offlineHint : matter.message;
    case 'expiring':
      return words.expiringHint(duration((matter.at.getTime() - now) / 1_000, locale));
    case 'spent':
      return words.spentHint;
    case 'unused':
      return words.unusedHint;
  }
}

function Failed({ matter }: { matter: Extract<Matter, { kind: 'job' }> }): ReactNode {
  const { overview, failure, jobs } = useTexts();
  const known = jobs.faults[matter.code];
  return (
    <>
      {matter.message !== '' && <div>{matter.message}</div>}
      <div>{known ? `${failure.remedy}: ${known.remedy}` : overview.attention.jobFailedHint}</div>
      {known ? <ErrorCode code={matter.code} /> : <span className="mono">{matter.code}</span>}
    </>
  );
}

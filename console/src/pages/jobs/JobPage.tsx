import { Anchor } from '@mantine/core';
import { IconCloudOff } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { Link, useParams } from 'react-router';
import type { ReplicationJob } from '@/api/generated';
import { useOperation } from '@/api/queries';
import { useTexts } from '@/i18n/context';
import { Absent } from '@/ui/Absent';
import { Failure } from '@/ui/Failure';
import { PageHeader } from '@/ui/PageHeader';
import { JobActions } from './actions/JobActions';
import { JobFacts } from './JobFacts';
import { JobState } from './JobState';
import classes from './Jobs.module.css';
import { LivePanel } from './live/LivePanel';
import { FaultPanel } from './FaultPanel';
import { faultIn } from './logic/figures';
import { filled } from './logic/words';
import { RunsPanel } from './RunsPanel';
import { useWatched } from './watch';

/** One replication job. */
export function JobPage(): ReactNode {
  const { id = '' } = useParams();
  return <Job key={id} id={id} />;
}

function Job({ id }: { id: string }): ReactNode {
  const { jobs } = useTexts();
  const asked = useOperation(
    'DescribeReplicationJobs',
    { JobId: [id] },
    { enabled: id.startsWith('j-'), every: 3_000 },
  );
  const job = asked.data?.ReplicationJobs.ReplicationJob[0];
  const up = { to: '/jobs', title: jobs.title };
  if (job) return <Shown job={job} failure={asked.error} onRetry={() => void asked.refetch()} />;
  return <Absent id={id} up={up} asked={asked} icon={IconCloudOff} words={jobs.page} />;
}

interface ShownProps {
  job: ReplicationJob;
  /** Why it could not be asked for again. */
  failure: unknown;
  onRetry: () => void;
}

function Shown({ job, failure, onRetry }: ShownProps): ReactNode {
  const { jobs } = useTexts();
  const watched = useWatched(job);
  const source = useOperation('DescribeSourceServers', { SourceId: [job.SourceId] }, { enabled: job.SourceId !== '' });
  const name = source.data?.SourceServers.SourceServer[0]?.Name;
  const fault = faultIn(job);
  return (
    <>
      <PageHeader
        title={filled(job.Name, job.JobId ?? jobs.unnamed)}
        up={{ to: '/jobs', title: jobs.title }}
        aside={<JobState job={job} />}
        actions={<JobActions job={job} />}
      />
      <div className={classes.columns}>
        <div className={classes.column}>
          {failure !== null && <Failure failure={failure} onRetry={onRetry} stale />}
          {fault && <FaultPanel fault={fault} />}
          <LivePanel job={job} {...watched} />
          <RunsPanel job={job} />
        </div>
        <JobFacts
          job={job}
          source={
            <Anchor component={Link} to={`/sources/${job.SourceId}`}>
              {filled(name, job.SourceId)}
            </Anchor>
          }
        />
      </div>
    </>
  );
}

import { Group } from '@mantine/core';
import type { ReactNode } from 'react';
import type { ReplicationJob } from '@/api/generated';
import { useLanguage, useTexts } from '@/i18n/context';
import { FactList } from '@/ui/FactList';
import { CopyButton } from '@/ui/CopyButton';
import { bytes } from '@/ui/format/format';
import { Panel } from '@/ui/Panel';
import { When } from '@/ui/When';
import { NextRun } from './JobList';
import classes from './Jobs.module.css';
import { optionsIn } from './logic/parameters';
import { filled } from './logic/words';

/** What was chosen for a job, and when things happened to it. */
export function JobFacts({ job, source }: { job: ReplicationJob; source: ReactNode }): ReactNode {
  const { jobs, common } = useTexts();
  const { page } = jobs;
  const kind = job.RunOnce ? page.kindOnce : page.kindIncremental(job.Frequency ?? 0, job.MaxNumberOfImageToKeep ?? 0);
  const tags = job.Tags.Tag.map(({ Key, Value }) => (Value === '' ? Key : `${Key}=${Value}`));
  const facts: [string, ReactNode][] = [
    [
      page.id,
      <Group key="id" gap={4} wrap="nowrap">
        <span className={classes.id}>{job.JobId}</span>
        <CopyButton value={job.JobId ?? ''} />
      </Group>,
    ],
    [page.source, source],
    ...(job.Description ? ([[page.description, job.Description]] as [string, ReactNode][]) : []),
    [page.kind, kind],
    [page.next, <NextRun key="next" job={job} />],
    [page.imageName, filled(job.ImageName, common.none)],
    [page.copy, useCopyWords(job.ReplicationParameters).join(page.separator)],
    [page.created, <When key="created" time={job.CreationTime} />],
    [page.started, <When key="started" time={job.StartTime} />],
    [page.ended, <When key="ended" time={job.EndTime} none="–" />],
    [page.validUntil, <When key="valid" time={job.ValidTime} none={common.unknown} />],
    [page.tags, tags.length === 0 ? common.none : tags.join(page.separator)],
  ];
  return (
    <Panel title={page.overview}>
      <FactList>
        {facts.map(([term, fact]) => (
          <Fact key={term} term={term}>
            {fact}
          </Fact>
        ))}
      </FactList>
    </Panel>
  );
}

/** A term with what it is. */
export function Fact({ term, children }: { term: string; children: ReactNode }): ReactNode {
  return (
    <>
      <dt>{term}</dt>
      <dd>{children}</dd>
    </>
  );
}

/** Copy options in words. */
export function useCopyWords(parameters: string | undefined): string[] {
  const { page } = useTexts().jobs;
  const { locale } = useLanguage();
  const { bandwidth, compression, checksum, freeze } = optionsIn(parameters);
  return [
    bandwidth === '' ? page.noLimit : page.limitOf(`${bytes(bandwidth * 1_048_576, locale)}/s`),
    compression === 'auto' ? page.autoLevel : page.level(compression),
    page.checked[checksum],
    ...(freeze === '' ? [] : [page.budget(freeze)]),
  ];
}

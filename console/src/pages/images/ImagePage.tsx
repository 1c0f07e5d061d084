import { Anchor, Group, Stack, Text } from '@mantine/core';
import { IconStack2 } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { Link, useParams } from 'react-router';
import type { Image } from '@/api/generated';
import { useOperation } from '@/api/queries';
import { useTexts } from '@/i18n/context';
import { FactList } from '@/ui/FactList';
import { Absent } from '@/ui/Absent';
import { CopyButton } from '@/ui/CopyButton';
import { Failure } from '@/ui/Failure';
import { Bytes } from '@/ui/Figures';
import { PageHeader } from '@/ui/PageHeader';
import { Panel } from '@/ui/Panel';
import { StateBadge } from '@/ui/StateBadge';
import { When } from '@/ui/When';
import { filled } from '../jobs/logic/words';
import { Commands } from './Commands';
import { Keeping } from './ImageList';
import classes from './Images.module.css';
import { diskNumbers } from './logic';
import { ImageProof } from './ImageProof';

/** One image: what it is, what was proven of it, and what can be done with it on the center. */
export function ImagePage(): ReactNode {
  const { images } = useTexts();
  const { id = '' } = useParams();
  const asked = useOperation('DescribeImages', { ImageId: [id] }, { enabled: id.startsWith('m-') });
  const image = asked.data?.Images.Image[0];
  const up = { to: '/images', title: images.title };
  const stale = asked.error && <Failure failure={asked.error} onRetry={() => void asked.refetch()} stale />;
  if (image) return <Shown key={id} image={image} notice={stale} />;
  return <Absent id={id} up={up} asked={asked} icon={IconStack2} words={images.page} />;
}

function Shown({ image, notice }: { image: Image; notice: ReactNode }): ReactNode {
  const { images } = useTexts();
  const job = useOperation('DescribeReplicationJobs', { JobId: [image.JobId] });
  const source = useOperation('DescribeSourceServers', { SourceId: [image.SourceId] });
  const found = job.data?.ReplicationJobs.ReplicationJob[0];
  const numbers = diskNumbers(found, image.Roots.Root.length);
  return (
    <>
      <PageHeader
        title={filled(image.ImageName, image.ImageId)}
        up={{ to: '/images', title: images.title }}
        aside={<ImageProof image={image} />}
      />
      <div className={classes.columns}>
        <div className={classes.column}>
          {notice}
          <Commands image={image} numbers={numbers} />
        </div>
        <div className={classes.column}>
          <Facts
            image={image}
            job={job.data && !found ? null : found?.Name}
            source={source.data?.SourceServers.SourceServer[0]?.Name}
          />
          <Checks image={image} />
          <Proof image={image} numbers={numbers} />
        </div>
      </div>
    </>
  );
}

interface FactsProps {
  image: Image;
  /** The job's name; `null` when it was deleted. */
  job: string | null | undefined;
  source: string | undefined;
}

function Facts({ image, job, source }: FactsProps): ReactNode {
  const { images } = useTexts();
  const { page } = images;
  return (
    <Panel title={page.facts}>
      <FactList>
        <dt>{page.id}</dt>
        <dd>
          <Group gap={4} wrap="nowrap">
            <span className={classes.id}>{image.ImageId}</span>
            <CopyButton value={image.ImageId} />
          </Group>
        </dd>
        <dt>{page.created}</dt>
        <dd>
          <When time={image.CreationTime} />
        </dd>
        <dt>{page.size}</dt>
        <dd>
          <Bytes count={image.SizeBytes} /> · {images.count(image.Roots.Root.length)}
        </dd>
        <dt>{page.storage}</dt>
        <dd>
          <Keeping storage={image.Storage} />
        </dd>
        <dt>{page.job}</dt>
        <dd>
          {job === null ? (
            <span>
              <span className={classes.id}>{image.JobId}</span> ({page.mayBeGone})
            </span>
          ) : (
            <Anchor component={Link} to={`/jobs/${image.JobId}`}>
              {filled(job, image.JobId)}
            </Anchor>
          )}
        </dd>
        <dt>{page.source}</dt>
        <dd>
          <Anchor component={Link} to={`/sources/${image.SourceId}`}>
            {filled(source, image.SourceId)}
          </Anchor>
        </dd>
        <dt>{page.run}</dt>
        <dd className={classes.id}>{image.RunId}</dd>
      </FactList>
    </Panel>
  );
}

/** What verifications and test boots found since it was made. */
function Checks({ image }: { image: Image }): ReactNode {
  const { page } = useTexts().images;
  const checks = image.Checks.Check;
  return (
    <Panel title={page.checks}>
      {checks.length === 0 ? (
        <Text size="sm" c="dimmed">
          {page.noChecks}
        </Text>
      ) : (
        <Stack gap="sm">
          {checks.map((check) => (
            <div key={`${check.Kind} ${check.Time}`}>
              <Group justify="space-between" gap="xs">
                <Group gap="xs">
                  <Text size="sm" fw={550}>
                    {page.check[check.Kind] ?? check.Kind}
                  </Text>
                  <StateBadge
                    tone={check.Result === 'Passed' ? 'good' : 'bad'}
                    label={page.checkResult[check.Result] ?? check.Result}
                  />
                </Group>
                <When time={check.Time} away />
              </Group>
              <Text size="sm" c="dimmed">
                {check.Detail}
              </Text>
            </div>
          ))}
        </Stack>
      )}
    </Panel>
  );
}

function Proof({ image, numbers }: { image: Image; numbers: readonly (number | undefined)[] }): ReactNode {
  const { page } = useTexts().images;
  return (
    <Panel title={page.proof}>
      <Stack gap="sm">
        <div>
          <Text fw={550}>{page.proofMade}</Text>
          <Text size="sm">{page.proofMadeText}</Text>
        </div>
        <div>
          <Text fw={550}>{page.proofNow}</Text>
          <Text size="sm">{page.proofNowText}</Text>
        </div>
        <div>
          <Text fw={550}>{page.disks}</Text>
          <Text size="sm" c="dimmed">
            {page.disksHint}
          </Text>
        </div>
        {image.Roots.Root.map((root, at) => (
          <div key={root}>
            <Group justify="space-between" gap="xs" wrap="nowrap">
              <Text size="sm">{`${page.disk(numbers[at] ?? at)} · ${page.root}`}</Text>
              <CopyButton value={root} name={page.copyRoot(numbers[at] ?? at)} />
            </Group>
            <span className={classes.root}>{root}</span>
          </div>
        ))}
      </Stack>
    </Panel>
  );
}

import { Anchor, Button, Pill, Stack, Tooltip } from '@mantine/core';
import { IconStack2 } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { Link, useNavigate, useSearchParams } from 'react-router';
import type { Image } from '@/api/generated';
import { useOperation } from '@/api/queries';
import { useTexts } from '@/i18n/context';
import { DataTable, type Column } from '@/ui/DataTable';
import { Empty } from '@/ui/Empty';
import { Bytes } from '@/ui/Figures';
import { PageHeader } from '@/ui/PageHeader';
import { Panel } from '@/ui/Panel';
import { When } from '@/ui/When';
import classes from './Images.module.css';
import { keepingOf } from './logic';

const size = 20;

/** Every image, the newest first. */
export function ImageList(): ReactNode {
  const { images, common } = useTexts();
  const [query, setQuery] = useSearchParams();
  const navigate = useNavigate();
  const asked = query.get('job') ?? '';
  const job = /^j-[\w-]+$/.test(asked) ? asked : undefined;
  const page = Math.max(1, Math.trunc(Number(query.get('page') ?? '1')) || 1);
  const listed = useOperation(
    'DescribeImages',
    { PageNumber: page, PageSize: size, JobId: job },
    { keepPrevious: true, every: 15_000 },
  );
  const go = (to: number): void =>
    setQuery({ ...(job === undefined ? {} : { job }), ...(to > 1 ? { page: String(to) } : {}) });
  return (
    <>
      <PageHeader title={images.title} lead={images.lead} />
      <Panel flush>
        {job !== undefined && (
          <Pill
            m="sm"
            withRemoveButton
            removeButtonProps={{ 'aria-label': common.clearFilters, 'aria-hidden': false, tabIndex: 0 }}
            onRemove={() => setQuery({})}
          >
            {images.list.onlyJob(job)}
          </Pill>
        )}
        <DataTable
          label={images.list.label}
          columns={useColumns()}
          rows={listed.data?.Images.Image}
          rowKey={(image) => image.ImageId}
          failure={listed.error}
          onRetry={() => void listed.refetch()}
          onOpen={(image) => void navigate(`/images/${image.ImageId}`)}
          paging={{ page, size, total: listed.data?.TotalCount ?? 0, onPage: go }}
          empty={<NoImages filtered={job !== undefined} />}
        />
      </Panel>
    </>
  );
}

function NoImages({ filtered }: { filtered: boolean }): ReactNode {
  const { images, common } = useTexts();
  if (filtered) return <Empty title={common.nothingMatches} hint={common.nothingMatchesHint} />;
  return (
    <Empty
      icon={IconStack2}
      title={images.list.empty}
      hint={images.list.emptyHint}
      action={
        <Button component={Link} to="/jobs" variant="default">
          {images.list.toJobs}
        </Button>
      }
    />
  );
}

function useColumns(): Column<Image>[] {
  const { list } = useTexts().images;
  return [
    {
      key: 'image',
      header: list.image,
      cell: (image) => (
        <Stack gap={0}>
          <Anchor component={Link} to={`/images/${image.ImageId}`} className={classes.name}>
            {image.ImageName}
          </Anchor>
          <span className={classes.id}>{image.ImageId}</span>
        </Stack>
      ),
    },
    { key: 'created', header: list.created, cell: (image) => <When time={image.CreationTime} away /> },
    { key: 'disks', header: list.disks, end: true, cell: (image) => image.Roots.Root.length },
    { key: 'size', header: list.size, end: true, cell: (image) => <Bytes count={image.SizeBytes} /> },
    { key: 'storage', header: list.storage, wide: true, cell: (image) => <Keeping storage={image.Storage} /> },
    {
      key: 'job',
      header: list.job,
      cell: (image) => (
        <Anchor component={Link} to={`/jobs/${image.JobId}`} className={classes.id}>
          {image.JobId}
        </Anchor>
      ),
    },
    {
      key: 'source',
      header: list.source,
      wide: true,
      cell: (image) => (
        <Anchor component={Link} to={`/sources/${image.SourceId}`} className={classes.id}>
          {image.SourceId}
        </Anchor>
      ),
    },
  ];
}

/** How an image is kept, and what that means. */
export function Keeping({ storage }: { storage: string }): ReactNode {
  const { images } = useTexts();
  const { keeping, bytes } = keepingOf(storage);
  return (
    <Tooltip
      label={images.storage.help[keeping]}
      multiline
      maw={320}
      events={{ hover: true, focus: true, touch: true }}
    >
      <span tabIndex={0}>
        {images.storage[keeping]}
        {bytes !== undefined && (
          <>
            {', '}
            <Bytes count={bytes} />
          </>
        )}
      </span>
    </Tooltip>
  );
}

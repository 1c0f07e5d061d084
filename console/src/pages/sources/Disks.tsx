import { Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import { useLanguage, useTexts } from '@/i18n/context';
import { bytes } from '@/ui/format/format';
import { StateBadge } from '@/ui/StateBadge';
import classes from './Disks.module.css';
import type { Content, Disk, Inventory, Volume } from './inventory';
import { segments, shortName, tone, usedBytes, type Segment } from './layout';

const toned = (name: string | undefined): string => `${name ?? ''} ${classes.toned ?? ''}`;

/** The disks of a machine, drawn to scale, with what lies on them. */
export function Disks({ inventory }: { inventory: Inventory }): ReactNode {
  const { disks: words } = useTexts().sources;
  const { disks, volumes } = inventory;
  return (
    <>
      {disks.length > 1 && <Strip disks={disks} />}
      {disks.map((disk) => (
        <OneDisk key={disk.path} disk={disk} />
      ))}
      {volumes.length > 0 && (
        <section className={classes.volumes}>
          <Title order={3}>{words.volumes}</Title>
          <ul className={classes.parts}>
            {volumes.map((volume) => (
              <VolumeLine key={`${volume.kind} ${volume.name}`} volume={volume} />
            ))}
          </ul>
        </section>
      )}
      <div className={classes.legend} aria-hidden>
        {usedBytes(inventory) !== undefined && (
          <span>
            <i className={classes.key} />
            {words.legendUsed}
          </span>
        )}
        <span>
          <i className={classes.key} data-kind="free" />
          {words.legendFree}
        </span>
        <span>
          <i className={classes.key} data-kind="gap" />
          {words.legendGap}
        </span>
      </div>
    </>
  );
}

/** All disks of the machine in a few words. */
export function useDiskSum(inventory: Inventory): string {
  const { disks: words } = useTexts().sources;
  const { locale } = useLanguage();
  const size = bytes(
    inventory.disks.reduce((sum, disk) => sum + disk.sizeBytes, 0),
    locale,
  );
  const used = usedBytes(inventory);
  const count = inventory.disks.length;
  return used === undefined ? words.sumUnknown(count, size) : words.sum(count, size, bytes(used, locale));
}

/** The disks beside each other, so that a small one is seen to be small. */
function Strip({ disks }: { disks: readonly Disk[] }): ReactNode {
  const { disks: words } = useTexts().sources;
  return (
    <div className={classes.strip} role="img" aria-label={words.all}>
      {disks.map((disk) => (
        <div key={disk.path} className={classes.stripDisk} style={{ flex: `${disk.sizeBytes} 0 0` }} title={disk.path}>
          {shortName(disk.path)}
        </div>
      ))}
    </div>
  );
}

function OneDisk({ disk }: { disk: Disk }): ReactNode {
  const { disks: words } = useTexts().sources;
  const { locale } = useLanguage();
  const drawn = segments(disk);
  const about = [
    bytes(disk.sizeBytes, locale),
    words.table[disk.table],
    ...(disk.image ? [words.image] : []),
    ...(disk.model === '' ? [] : [disk.model]),
  ];
  return (
    <article className={classes.disk}>
      <div className={classes.head}>
        <span className={classes.path}>{disk.path}</span>
        {disk.system && <StateBadge tone="good" label={words.systemDisk} />}
        <span className={classes.about}>{about.join(' · ')}</span>
      </div>
      <div className={classes.bar} role="img" aria-label={words.drawing(disk.path)}>
        {drawn.map((segment, at) => (
          <div
            key={at}
            className={toned(classes.segment)}
            data-kind={segment.kind}
            data-tone={segment.tone}
            style={{ flexGrow: segment.share * 1_000 }}
            title={segment.partition?.path ?? words.free}
          >
            {segment.used !== undefined && <div className={classes.used} style={{ width: `${segment.used * 100}%` }} />}
          </div>
        ))}
      </div>
      <ul className={classes.parts}>
        {drawn.map((segment, at) => (
          <SegmentLine key={at} segment={segment} disk={disk} />
        ))}
      </ul>
    </article>
  );
}

function SegmentLine({ segment, disk }: { segment: Segment; disk: Disk }): ReactNode {
  const { disks: words } = useTexts().sources;
  const { partition, kind, sizeBytes } = segment;
  const roles = { System: words.efi, Boot: words.boot, Normal: '' };
  const name = partition
    ? partition.path || words.partition(partition.number)
    : kind === 'gap' && disk.partitions.length > 0
      ? words.free
      : words.whole;
  return (
    <Line
      tone={segment.tone}
      kind={kind}
      name={name}
      content={partition ? partition.content : kind === 'whole' ? disk.content : undefined}
      purpose={partition ? roles[partition.role] || partition.typeName : ''}
      sizeBytes={sizeBytes}
      image={disk.image}
    />
  );
}

function VolumeLine({ volume }: { volume: Volume }): ReactNode {
  const { disks: words } = useTexts().sources;
  return (
    <Line
      tone={tone(volume.content)}
      kind="partition"
      name={volume.path || volume.name}
      content={volume.content}
      purpose={`${volume.kind}${volume.members.length > 0 ? ` ${words.volumeOn(volume.members.join(', '))}` : ''}`}
      sizeBytes={volume.sizeBytes}
    />
  );
}

interface LineProps {
  tone: string;
  kind: string;
  name: string;
  content: Content | undefined;
  purpose: string;
  sizeBytes: number;
  /** On an image file: nobody expects that to be mounted. */
  image?: boolean;
}

function Line({ tone: colour, kind, name, content, purpose, sizeBytes, image = false }: LineProps): ReactNode {
  const { disks: words } = useTexts().sources;
  const { locale } = useLanguage();
  const size = bytes(sizeBytes, locale);
  const used = content?.usedBytes;
  const format = content?.filesystem ?? '';
  const what = format === '' ? (content ? purpose || words.unknownContent : '') : format;
  const where = content?.mounts.join(', ') ?? '';
  return (
    <li className={classes.part}>
      <i className={toned(classes.swatch)} data-tone={colour} data-kind={kind} />
      <span className="mono">{name}</span>
      <span className={classes.quiet}>
        {what}
        {content && content.label !== '' && ` “${content.label}”`}
        {format !== '' && purpose !== '' && ` · ${purpose}`}
      </span>
      <span>
        {where === '' ? <span className={classes.quiet}>{content && !image ? words.notMounted : ''}</span> : where}
      </span>
      <Text component="span" size="sm" className={classes.size}>
        {used === undefined ? size : words.used(bytes(used, locale), size)}
      </Text>
    </li>
  );
}

import { Anchor, Group } from '@mantine/core';
import type { ReactNode } from 'react';
import { Link } from 'react-router';
import type { DescribeSourceServerResponse, SourceServer } from '@/api/generated';
import { useLanguage, useTexts } from '@/i18n/context';
import { CopyButton } from '@/ui/CopyButton';
import { bytes } from '@/ui/format/format';
import { When } from '@/ui/When';
import type { Inventory } from './inventory';
import classes from './Sources.module.css';

interface FactsProps {
  source: SourceServer;
  own: DescribeSourceServerResponse | undefined;
}

type Fact = [term: string, value: ReactNode];

/** How the center knows the source, and when it last heard of it. */
export function ConnectionFacts({ source, own }: FactsProps): ReactNode {
  const { sources, tokens, common } = useTexts();
  const { detail } = sources;
  const facts: Fact[] = [
    [
      detail.heartbeat,
      <>
        <When time={own?.LastHeartbeatTime} away />
        <span className={classes.entryTime}> · {detail.heartbeatEvery(source.HeartbeatRate)}</span>
      </>,
    ],
    [detail.from, <span className="mono">{own?.RemoteAddress ?? common.unknown}</span>],
    [detail.agent, source.AgentVersion ?? common.unknown],
    [detail.imported, <When time={source.CreationTime} />],
    [detail.code, own?.AccessTokenId === undefined ? detail.codeUnknown : <CodeLink id={own.AccessTokenId} />],
    [
      detail.id,
      <Group gap={4} wrap="nowrap">
        <span className="mono">{source.SourceId}</span>
        <CopyButton value={source.SourceId} name={tokens.copyId} />
      </Group>,
    ],
  ];
  return <Facts facts={facts} />;
}

function CodeLink({ id }: { id: string }): ReactNode {
  return (
    <Anchor component={Link} to={`/tokens/${id}`} className="mono">
      {id}
    </Anchor>
  );
}

/** What the machine is. */
export function MachineFacts({ source, own, inventory }: FactsProps & { inventory: Inventory | undefined }): ReactNode {
  const { sources, common } = useTexts();
  const { locale } = useLanguage();
  const { detail } = sources;
  const facts: Fact[] = [
    [detail.system, [inventory?.os, source.Platform, common.unknown].find(Boolean)],
    [detail.boot, own?.BootMode ?? common.unknown],
  ];
  if (inventory) {
    const { hostname, addresses, kernel, architecture, processor, cores, memoryBytes, memoryAvailableBytes } =
      inventory;
    facts.unshift(
      [detail.hostname, hostname || common.unknown],
      [detail.addresses, addresses.join(', ') || common.none],
    );
    facts.push(
      [detail.kernel, [kernel, architecture].filter(Boolean).join(' · ')],
      [detail.processor, [processor, detail.cores(cores)].filter(Boolean).join(' · ')],
      [
        detail.memory,
        detail.memoryOf(bytes(Math.max(0, memoryBytes - memoryAvailableBytes), locale), bytes(memoryBytes, locale)),
      ],
    );
  }
  if (source.Description) facts.push([detail.description, source.Description]);
  return <Facts facts={facts} />;
}

function Facts({ facts }: { facts: readonly Fact[] }): ReactNode {
  return (
    <dl className={classes.facts}>
      {facts.map(([term, value]) => (
        <div key={term} className={classes.fact}>
          <dt>{term}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

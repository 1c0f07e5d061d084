import { Button, Group, Stack, Text } from '@mantine/core';
import { useEffect, useRef, type ReactNode } from 'react';
import { useOperation } from '@/api/queries';
import { useLanguage, useTexts } from '@/i18n/context';
import { CopyButton } from '@/ui/CopyButton';
import { Failure } from '@/ui/Failure';
import { local, readTime } from '@/ui/format/format';
import { Loading } from '@/ui/Loading';
import { Notice } from '../sources/Notice';
import { importCommand, installCommand } from './commands';
import classes from './Tokens.module.css';
import { Waiting } from './Waiting';

/** A code that was just made. */
export interface Fresh {
  id: string;
  code: string;
  count: number;
  /** When it expires by this machine's clock, until the center says. */
  until: number;
}

interface FreshCodeProps {
  fresh: Fresh;
  onCopied: () => void;
  onClose: () => void;
}

/** The code, this once, beside the commands that use it, and the servers as they arrive. */
export function FreshCode({ fresh, onCopied, onClose }: FreshCodeProps): ReactNode {
  const { fresh: words } = useTexts().tokens;
  const { locale } = useLanguage();
  const detail = useOperation('DescribeAccessToken', { AccessTokenId: fresh.id }, { every: 2_000 });
  const until = readTime(detail.data?.ExpirationTime) ?? fresh.until;
  const top = useRef<HTMLDivElement>(null);
  // The form that had the focus is gone.
  useEffect(() => top.current?.focus({ preventScroll: true }), []);
  return (
    // A person who marks the text and copies it has copied it too.
    <div className={classes.fresh} onCopy={onCopied} ref={top} tabIndex={-1}>
      <Stack gap="md">
        <Notice tone="wait" title={words.warning}>
          <Text size="sm">{words.holder(fresh.count, local(until, locale))}</Text>
          {crossedInPlainText(window.location) && <Text size="sm">{words.plainText}</Text>}
        </Notice>
        <div>
          <Text fw={550} mb={4} id="fresh-code">
            {words.code}
          </Text>
          <div className={classes.code}>
            <code aria-labelledby="fresh-code">{fresh.code}</code>
            <CopyButton value={fresh.code} name={words.copyCode} onCopied={onCopied} />
          </div>
          <Group gap={4} mt={4}>
            <span className={classes.id}>
              {words.id}: {fresh.id}
            </span>
            <CopyButton value={fresh.id} name={words.copyId} />
          </Group>
        </div>
        <Commands fresh={fresh} onCopied={onCopied} />
      </Stack>
      <Stack gap="md" justify="space-between">
        <Waiting detail={detail} count={fresh.count} />
        <Group justify="flex-end">
          <Button onClick={onClose}>{words.close}</Button>
        </Group>
      </Stack>
    </div>
  );
}

function Commands({ fresh, onCopied }: { fresh: Fresh; onCopied: () => void }): ReactNode {
  const { fresh: words } = useTexts().tokens;
  const endpoint = useOperation('GetAgentEndpoint', {});
  if (endpoint.error) {
    return (
      <div>
        <Text mb="xs">{words.noEndpoint}</Text>
        <Failure failure={endpoint.error} />
      </div>
    );
  }
  if (!endpoint.data) return <Loading rows={3} />;
  const known = { ...endpoint.data, Addresses: endpoint.data.Addresses.Address };
  const install = installCommand(known, fresh.id, fresh.code);
  const bring = importCommand(known, fresh.id, fresh.code);
  return (
    <>
      {install !== undefined && (
        <Command
          title={words.install}
          hint={words.installHint}
          text={install}
          copy={words.copyInstall}
          onCopied={onCopied}
        />
      )}
      {!known.HandsOutAgent && <Text size="sm">{words.noAgent}</Text>}
      {bring !== undefined && <Command title={words.import} text={bring} copy={words.copyImport} onCopied={onCopied} />}
    </>
  );
}

interface CommandProps {
  title: string;
  hint?: string;
  text: string;
  copy: string;
  onCopied: () => void;
}

function Command({ title, hint, text, copy, onCopied }: CommandProps): ReactNode {
  return (
    <div>
      <Text fw={550}>{title}</Text>
      {hint !== undefined && (
        <Text size="sm" c="dimmed">
          {hint}
        </Text>
      )}
      <div className={classes.command} role="group" aria-label={title}>
        <code>{text}</code>
        <span className={classes.commandCopy}>
          <CopyButton value={text} name={copy} onCopied={onCopied} />
        </span>
      </div>
    </div>
  );
}

/** Whether the reply came unencrypted over a network: loopback is none. */
function crossedInPlainText({ protocol, hostname }: Pick<Location, 'protocol' | 'hostname'>): boolean {
  return protocol === 'http:' && !/^(localhost|127\.|\[::1\])/.test(hostname);
}

import { Alert, Anchor, Group, Stack, Tabs, Text } from '@mantine/core';
import { IconArrowsExchange, IconKey } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { Link } from 'react-router';
import type { RawReply } from '@/api/client';
import { failureOf } from '@/api/failure';
import { errorEntry, type Operation } from '@/explorer/model.ts';
import { errorPath } from '@/explorer/paths';
import { useTexts } from '@/i18n/context';
import { Empty } from '@/ui/Empty';
import { Failure } from '@/ui/Failure';
import { Loading } from '@/ui/Loading';
import { Panel } from '@/ui/Panel';
import { StateBadge } from '@/ui/StateBadge';
import { CodeBlock } from './CodeBlock';
import { contract } from './contract';
import classes from './explorer.module.css';
import type { Outcome } from './useCall';

interface ResultProps {
  operation: Operation;
  outcome: Outcome;
}

/** What the last call of an operation was answered. */
export function Result({ operation, outcome }: ResultProps): ReactNode {
  const { result } = useTexts().explorer;
  const mine = outcome.kind === 'reply' && outcome.action !== operation.name ? ({ kind: 'none' } as const) : outcome;
  return (
    <Panel title={result.title}>
      <div aria-live="polite">
        {mine.kind === 'none' && <Empty icon={IconArrowsExchange} title={result.none} hint={result.noneHint} />}
        {mine.kind === 'busy' && <Loading />}
        {mine.kind === 'failed' && <Failure failure={mine.failure} />}
        {mine.kind === 'reply' && <Reply operation={operation} reply={mine.reply} />}
      </div>
    </Panel>
  );
}

function Reply({ operation, reply }: { operation: Operation; reply: RawReply }): ReactNode {
  const { result } = useTexts().explorer;
  const good = reply.Status >= 200 && reply.Status <= 299;
  const secret = good && operation.response.some((field) => field.secret === true);
  const request = reply.Request;
  return (
    <Stack gap="sm">
      <Group gap="sm">
        <StateBadge tone={good ? 'good' : 'bad'} label={`${String(reply.Status)} ${reply.Reason}`} />
        <Text size="sm" c="dimmed">
          {result.millis(reply.Millis.toFixed(1))}
        </Text>
      </Group>
      {!good && <Refusal reply={reply} />}
      {secret && (
        <div className={classes.notice} role="note">
          <IconKey size={18} aria-hidden />
          <span>{result.secretOnce}</span>
        </div>
      )}
      <Tabs defaultValue="body" keepMounted={false}>
        <Tabs.List mb="sm">
          <Tabs.Tab value="body">{result.body}</Tabs.Tab>
          <Tabs.Tab value="headers">{result.headers}</Tabs.Tab>
          {request && <Tabs.Tab value="request">{result.request}</Tabs.Tab>}
        </Tabs.List>
        <Tabs.Panel value="body">
          <CodeBlock text={pretty(reply.Body)} syntax="json" label={result.body} />
        </Tabs.Panel>
        <Tabs.Panel value="headers">
          <CodeBlock text={headerLines(reply.Headers)} label={result.headers} wrap />
        </Tabs.Panel>
        {request && (
          <Tabs.Panel value="request">
            <Stack gap="xs">
              <Text size="xs" c="dimmed">
                {result.masked}
              </Text>
              <CodeBlock
                text={`${request.Method} ${request.Url}\n${headerLines(request.Headers)}${request.Body === '' ? '' : `\n\n${request.Body}`}`}
                label={result.request}
                wrap
              />
              {request.CanonicalRequest !== '' && (
                <>
                  <Text size="sm">{result.canonical}</Text>
                  <CodeBlock text={request.CanonicalRequest} label={result.canonical} wrap />
                </>
              )}
              <Text size="sm">{result.stringToSign}</Text>
              <CodeBlock text={request.StringToSign} label={result.stringToSign} wrap />
            </Stack>
          </Tabs.Panel>
        )}
      </Tabs>
    </Stack>
  );
}

const headerLines = (headers: readonly (readonly [string, string])[]): string =>
  headers.map(([name, value]) => `${name}: ${value}`).join('\n');

function Refusal({ reply }: { reply: RawReply }): ReactNode {
  const { result } = useTexts().explorer;
  const failure = failureOf(reply.Status, reply.Body);
  const entry = errorEntry(contract.errors, failure.code);
  return (
    <Alert color="red" variant="light" title={failure.code} role="alert">
      <Stack gap={4}>
        {/* A string to sign in a message is long: the body below has it whole. */}
        <Text size="sm" lang="en" lineClamp={4}>
          {failure.message}
        </Text>
        {failure.denied && <Text size="sm">{result.denied(failure.denied.action)}</Text>}
        {entry && (
          <Text size="sm">
            <strong>{result.remedy}:</strong> <span lang="en">{entry.remedy}</span>{' '}
            <Anchor component={Link} to={errorPath(entry.code)} size="sm">
              {result.more}
            </Anchor>
          </Text>
        )}
      </Stack>
    </Alert>
  );
}

function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

import { Anchor, Button, Group, Stack, Text } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import { Link, useNavigate } from 'react-router';
import { call } from '@/api/client';
import { ApiFailure } from '@/api/failure';
import { flatten } from '@/api/flatten';
import { useRefresh } from '@/api/queries';
import { useTexts } from '@/i18n/context';
import { Failure } from '@/ui/Failure';
import { StateBadge } from '@/ui/StateBadge';
import type { Tone } from '@/ui/states';
import classes from '../Jobs.module.css';
import { requests, type CreateParams, type Draft, type Tokens } from '../logic/draft';
import { filled } from '../logic/words';

/** What became of one call. */
interface Outcome {
  kind: 'waiting' | 'working' | 'created' | 'started' | 'createdNotStarted' | 'failed';
  jobId?: string;
  failure?: ApiFailure;
}

interface ReviewProps {
  draft: Draft;
  now: number;
  tokens: Tokens;
  onBack: () => void;
}

/** Shows the calls, makes them one after the other, and says what became of each. */
export function Review({ draft, now, tokens, onBack }: ReviewProps): ReactNode {
  const { wizard } = useTexts().jobs;
  const calls = requests(draft, now);
  const [outcomes, setOutcomes] = useState<ReadonlyMap<string, Outcome>>(new Map());
  const [busy, setBusy] = useState(false);
  const refresh = useRefresh();
  const navigate = useNavigate();
  const all = calls.map(({ SourceId }) => outcomes.get(SourceId)?.kind ?? 'waiting');
  const made = all.filter((kind) => kind === 'created' || kind === 'started' || kind === 'createdNotStarted').length;
  const run = async (): Promise<void> => {
    setBusy(true);
    let last: Outcome | undefined;
    for (const params of calls) {
      if (outcomes.get(params.SourceId)?.jobId !== undefined) continue;
      const note = (outcome: Outcome): void => setOutcomes((before) => new Map(before).set(params.SourceId, outcome));
      note({ kind: 'working' });
      last = await make(params, tokens.of(params), draft.start === 'now');
      note(last);
    }
    setBusy(false);
    refresh('DescribeReplicationJobs', 'DescribeSourceServers');
    if (calls.length === 1 && last?.jobId !== undefined && !last.failure) await navigate(`/jobs/${last.jobId}`);
  };
  return (
    <Stack>
      <div>
        <Text fw={550}>{wizard.review}</Text>
        <Text size="sm" c="dimmed">
          {wizard.reviewHint}
        </Text>
      </div>
      {calls.map((params) => (
        <OneCall
          key={params.SourceId}
          params={{ ...params, ClientToken: tokens.of(params) }}
          outcome={outcomes.get(params.SourceId) ?? { kind: 'waiting' }}
          name={filled(draft.sources.find(({ id }) => id === params.SourceId)?.name, params.SourceId)}
        />
      ))}
      {draft.start === 'now' && (
        <Text size="sm" c="dimmed">
          {wizard.thenStart}
        </Text>
      )}
      <Group justify="space-between">
        <Button variant="default" onClick={onBack} disabled={busy || made > 0}>
          {wizard.back}
        </Button>
        {made === calls.length ? (
          <Button component={Link} to="/jobs">
            {wizard.openJobs}
          </Button>
        ) : (
          <Button onClick={() => void run()} loading={busy}>
            {all.includes('failed') ? wizard.again : wizard.finish(calls.length)}
          </Button>
        )}
      </Group>
    </Stack>
  );
}

async function make(params: CreateParams, ClientToken: string, start: boolean): Promise<Outcome> {
  let jobId: string;
  try {
    jobId = (await call('CreateReplicationJob', { ...params, ClientToken })).JobId ?? '';
  } catch (error) {
    return { kind: 'failed', failure: asFailure(error) };
  }
  if (!start) return { kind: 'created', jobId };
  try {
    await call('StartReplicationJob', { JobId: jobId });
    return { kind: 'started', jobId };
  } catch (error) {
    return { kind: 'createdNotStarted', jobId, failure: asFailure(error) };
  }
}

function asFailure(error: unknown): ApiFailure {
  return error instanceof ApiFailure ? error : ApiFailure.unreadable(0);
}

const tones: Record<Outcome['kind'], Tone> = {
  waiting: 'off',
  working: 'busy',
  created: 'good',
  started: 'good',
  createdNotStarted: 'wait',
  failed: 'bad',
};

interface OneCallProps {
  params: CreateParams & { ClientToken: string };
  outcome: Outcome;
  name: string;
}

function OneCall({ params, outcome, name }: OneCallProps): ReactNode {
  const { wizard } = useTexts().jobs;
  const lines = Object.entries(flatten(params)).map(([key, value]) => `${key}=${value}`);
  return (
    <Stack gap="xs">
      <Group gap="sm">
        <Text fw={550}>{name}</Text>
        <StateBadge tone={tones[outcome.kind]} label={wizard[outcome.kind]} />
        {outcome.jobId !== undefined && (
          <Anchor component={Link} to={`/jobs/${outcome.jobId}`}>
            {wizard.openJob}
          </Anchor>
        )}
      </Group>
      <pre className={classes.call}>{['CreateReplicationJob', ...lines].join('\n')}</pre>
      {outcome.failure && <Failure failure={outcome.failure} />}
    </Stack>
  );
}

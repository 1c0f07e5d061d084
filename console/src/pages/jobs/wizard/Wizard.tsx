import { Button, Group, List, Stack, Text } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import { useSearchParams } from 'react-router';
import { useTexts } from '@/i18n/context';
import { PageHeader } from '@/ui/PageHeader';
import { Panel } from '@/ui/Panel';
import classes from '../Jobs.module.css';
import { emptyDraft, faults, faultsOf, steps, Tokens, type Draft } from '../logic/draft';
import { CopyStep } from './CopyStep';
import { PlanStep } from './PlanStep';
import { Review } from './Review';
import { SourcesStep } from './SourcesStep';

/** Plans jobs, step by step, and shows the calls that make them before they are made. */
export function Wizard(): ReactNode {
  const { jobs } = useTexts();
  const { wizard } = jobs;
  const [query] = useSearchParams();
  const [draft, setDraft] = useState<Draft>(() => ({ ...emptyDraft, sources: wishedFor(query) }));
  const [at, setAt] = useState(0);
  const [pressed, setPressed] = useState(false);
  // The moment that faults and times are reckoned from: that of the last step, so that the calls of a review stay the same.
  const [now, setNow] = useState(() => Date.now());
  const [tokens] = useState(() => new Tokens());
  const step = steps[at] ?? 'review';
  const all = faults(draft, now);
  const mine = faultsOf(step, all);
  const go = (to: number): void => {
    setPressed(false);
    setNow(Date.now());
    setAt(to);
  };
  const onward = (): void => {
    if (mine.length > 0) setPressed(true);
    else go(at + 1);
  };
  const set = (some: Partial<Draft>): void => setDraft({ ...draft, ...some });
  const props = { draft, onChange: set, faults: all };
  return (
    <>
      <PageHeader title={wizard.title} up={{ to: '/jobs', title: jobs.title }} />
      <Steps at={at} />
      <Panel title={wizard.steps[step]} flush={step === 'sources'}>
        {step === 'sources' && <SourcesStep {...props} />}
        {step === 'plan' && <PlanStep {...props} />}
        {step === 'copy' && <CopyStep {...props} />}
        {step === 'review' && <Review draft={draft} now={now} tokens={tokens} onBack={() => go(at - 1)} />}
      </Panel>
      {step !== 'review' && (
        <Stack mt="md" gap="sm">
          {pressed && mine.length > 0 && (
            <List size="sm" c="var(--lf-bad)" role="alert">
              {mine.map((fault) => (
                <List.Item key={fault}>{wizard.faults[fault]}</List.Item>
              ))}
            </List>
          )}
          <Group justify="space-between">
            {at > 0 ? (
              <Button variant="default" onClick={() => go(at - 1)}>
                {wizard.back}
              </Button>
            ) : (
              <span />
            )}
            <Button onClick={onward}>{wizard.next}</Button>
          </Group>
        </Stack>
      )}
    </>
  );
}

function Steps({ at }: { at: number }): ReactNode {
  const { wizard } = useTexts().jobs;
  return (
    <>
      <Text size="sm" c="dimmed" mb="xs">
        {wizard.stepOf(at + 1, steps.length)}
      </Text>
      <ol className={classes.steps}>
        {steps.map((one, index) => (
          <li key={one} aria-current={index === at ? 'step' : undefined} data-done={index < at || undefined}>
            <span className={classes.number} aria-hidden>
              {index + 1}
            </span>
            {wizard.steps[one]}
          </li>
        ))}
      </ol>
    </>
  );
}

/** The sources that a link to the wizard names; how they are called is found with the list. */
function wishedFor(query: URLSearchParams): Draft['sources'] {
  const ids = query.getAll('source').filter((id) => /^s-[\w-]+$/.test(id));
  return [...new Set(ids)].slice(0, 50).map((id) => ({ id, name: '' }));
}

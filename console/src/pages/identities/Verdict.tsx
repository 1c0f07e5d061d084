import { Group, Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import type { ReplyOf } from '@/api/client';
import { useTexts } from '@/i18n/context';
import { DataTable } from '@/ui/DataTable';
import { Empty } from '@/ui/Empty';
import { Panel } from '@/ui/Panel';
import { StateBadge } from '@/ui/StateBadge';
import classes from './Identities.module.css';

type Answer = ReplyOf<'SimulateAccess'>;

/** The answer of the tester: yes or no, which statement it is due to, and why the others had no part in it. */
export function Verdict({ answer }: { answer: Answer }): ReactNode {
  const { identities } = useTexts();
  const words = identities.tester;
  const policyOf = (name: string): string => (name === 'under-test' ? words.underTest : name);
  const outcomes: Record<string, string> = words.outcomes;
  return (
    <Stack role="status">
      <Panel>
        <Stack gap="xs" className={classes.verdict ?? ''} data-allowed={answer.Decision === 'Allow'}>
          <Group>
            <StateBadge kind="decision" state={answer.Decision} />
            <Text size="sm" c="dimmed" className="mono">
              {answer.Principal}
            </Text>
          </Group>
          {answer.Owner && <Text>{words.isOwner}</Text>}
          {answer.DecidingPolicy !== undefined && (
            <Text fw={550}>{words.decided(policyOf(answer.DecidingPolicy), (answer.DecidingStatement ?? 0) + 1)}</Text>
          )}
          <Text size="sm" c="dimmed" lang="en">
            {answer.Explanation}
          </Text>
        </Stack>
      </Panel>
      {!answer.Owner && (
        <Panel flush title={words.statements}>
          <DataTable
            label={words.statements}
            rows={answer.Statements.Statement}
            rowKey={(one) => `${one.PolicyName} ${one.StatementIndex} ${one.Resource}`}
            empty={<Empty title={words.noStatements} hint={words.noStatementsHint} />}
            columns={[
              { key: 'policy', header: words.policy, cell: (one) => policyOf(one.PolicyName) },
              { key: 'index', header: words.statementNumber, end: true, cell: (one) => one.StatementIndex + 1 },
              { key: 'effect', header: words.effect, cell: (one) => <code>{one.Effect}</code> },
              {
                key: 'resource',
                header: words.resource,
                wide: true,
                cell: (one) => <span className="mono">{one.Resource}</span>,
              },
              {
                key: 'outcome',
                header: words.outcome,
                cell: (one) => (
                  <StateBadge
                    tone={one.Applies ? (one.Effect === 'Deny' ? 'bad' : 'good') : 'off'}
                    label={outcomes[one.Outcome] ?? one.Outcome}
                  />
                ),
              },
              { key: 'why', header: words.why, cell: (one) => one.Explanation },
            ]}
          />
        </Panel>
      )}
    </Stack>
  );
}

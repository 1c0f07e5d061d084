import { Autocomplete, Button, Checkbox, Group, Select, SimpleGrid, Stack, Text, TextInput } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import type { ReplyOf, RequestOf } from '@/api/client';
import { versions } from '@/api/generated';
import { useAction } from '@/api/queries';
import { useTexts } from '@/i18n/context';
import { Failure } from '@/ui/Failure';
import { Panel } from '@/ui/Panel';
import { DocumentField } from './PolicyForm';
import { simulation, type Question } from './simulation';
import { Verdict } from './Verdict';
import { drawn, useAllUsers } from './whole';

const actions = Object.entries(versions).map(
  ([name, version]) => `${version === '2019-06-01' ? 'smc' : 'landfall'}:${name}`,
);

const nothing: Question = {
  user: null,
  action: '',
  resource: '',
  document: '',
  withAttached: false,
  sourceIp: '',
  secure: null,
  time: '',
};

/** May X do Y on Z, and because of which statement? */
export function Tester(): ReactNode {
  const { identities, common } = useTexts();
  const words = identities.tester;
  const [question, setQuestion] = useState(nothing);
  const [tries, setTries] = useState(false);
  const [answer, setAnswer] = useState<ReplyOf<'SimulateAccess'> | null>(null);
  const users = useAllUsers();
  const action = useAction('SimulateAccess');
  const set = (part: Partial<Question>): void => setQuestion((before) => ({ ...before, ...part }));
  const submit = async (): Promise<void> => {
    const asked: RequestOf<'SimulateAccess'> = simulation(tries ? question : { ...question, document: '' });
    setAnswer((await action.run(asked)) ?? null);
  };
  return (
    <Stack>
      <Panel>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            void submit();
          }}
        >
          <Stack>
            <Text c="dimmed">{words.lead}</Text>
            <SimpleGrid cols={{ base: 1, md: 3 }} spacing="md">
              <Select
                label={words.who}
                placeholder={words.me}
                data={users.data?.map((user) => user.UserName) ?? []}
                value={question.user}
                onChange={(user) => set({ user })}
                searchable
                limit={drawn}
                clearable
                nothingFoundMessage={common.nothingMatches}
              />
              <Autocomplete
                label={words.action}
                description={words.actionHint}
                inputWrapperOrder={['label', 'input', 'description', 'error']}
                data={actions}
                limit={40}
                value={question.action}
                onChange={(value) => set({ action: value })}
                required
              />
              <TextInput
                label={words.resource}
                description={words.resourceHint}
                inputWrapperOrder={['label', 'input', 'description', 'error']}
                value={question.resource}
                onChange={(event) => set({ resource: event.currentTarget.value })}
              />
              <TextInput
                label={words.sourceIp}
                placeholder="192.0.2.7"
                value={question.sourceIp}
                onChange={(event) => set({ sourceIp: event.currentTarget.value })}
              />
              <Select
                label={words.secure}
                data={[
                  { value: 'true', label: common.yes },
                  { value: 'false', label: common.no },
                ]}
                value={question.secure}
                onChange={(secure) => set({ secure })}
                clearable
              />
              <TextInput
                label={words.time}
                placeholder="2026-12-24T18:00:00Z"
                value={question.time}
                onChange={(event) => set({ time: event.currentTarget.value })}
              />
            </SimpleGrid>
            <Checkbox
              label={words.tryDocument}
              checked={tries}
              onChange={(event) => setTries(event.currentTarget.checked)}
            />
            {tries && (
              <>
                <DocumentField
                  label={identities.policies.document}
                  description={words.documentHint}
                  value={question.document}
                  onChange={(document) => set({ document })}
                />
                <Checkbox
                  label={words.withAttached}
                  checked={question.withAttached}
                  onChange={(event) => set({ withAttached: event.currentTarget.checked })}
                />
              </>
            )}
            {action.failure && <Failure failure={action.failure} />}
            <Group>
              <Button type="submit" loading={action.busy} disabled={question.action.trim() === ''}>
                {words.run}
              </Button>
            </Group>
          </Stack>
        </form>
      </Panel>
      {answer && <Verdict answer={answer} />}
    </Stack>
  );
}

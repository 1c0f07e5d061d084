import { Button, Code, Group, SegmentedControl, Stack, Text } from '@mantine/core';
import { IconPlayerPlay } from '@tabler/icons-react';
import { useState, type ReactNode } from 'react';
import { useSession } from '@/api/session';
import { exampleValues } from '@/explorer/examples.ts';
import { isDestructive, parameterTree, type Operation } from '@/explorer/model.ts';
import { violations } from '@/explorer/validate.ts';
import { compact, isAbsent, toPairs, type FormValues } from '@/explorer/values.ts';
import { useTexts } from '@/i18n/context';
import { ConfirmByName } from '@/ui/ConfirmByName';
import { Panel } from '@/ui/Panel';
import classes from './explorer.module.css';
import { Fields } from './Fields';
import type { CallSettings } from './useCall';

interface CallPanelProps {
  operation: Operation;
  values: FormValues;
  busy: boolean;
  onChange: (values: FormValues) => void;
  onCall: (values: FormValues, settings: CallSettings) => void;
  onCancel: () => void;
}

/** The form of an operation, and the button that calls it. */
export function CallPanel({ operation, values, busy, onChange, onCall, onCancel }: CallPanelProps): ReactNode {
  const { explorer } = useTexts();
  const words = explorer.form;
  const session = useSession();
  const [settings, setSettings] = useState<CallSettings>({ scheme: 'V3', method: 'POST' });
  const [tried, setTried] = useState(false);
  const [asking, setAsking] = useState(false);
  const nodes = parameterTree(operation.parameters);
  const problems = violations(nodes, values);
  const shown = problems.filter(({ code }) => tried || !code.startsWith('Missing'));
  const now = nodes.filter(
    ({ rule, name }) => rule.required === true || rule.required_if !== undefined || !isAbsent(values[name]),
  );
  const few = nodes.length <= 8;
  const first = few ? nodes : nodes.filter((node) => now.includes(node) && node.rule.required === true);
  const rest = nodes.filter((node) => !first.includes(node));
  const fields = { beside: nodes, values, prefix: '', problems: shown, onChange };

  const send = (): void => {
    setAsking(false);
    onCall(compact(values), settings);
  };
  const ask = (): void => {
    if (isDestructive(operation)) setAsking(true);
    else send();
  };
  const submit = (): void => {
    setTried(true);
    if (problems.length === 0) ask();
  };

  return (
    <Panel
      title={words.title}
      actions={
        <Group gap={4}>
          <Button variant="subtle" size="compact-xs" onClick={() => onChange(exampleValues(nodes, few))}>
            {words.example}
          </Button>
          <Button
            variant="subtle"
            size="compact-xs"
            onClick={() => {
              onChange({});
              setTried(false);
            }}
          >
            {words.clear}
          </Button>
        </Group>
      }
    >
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <Stack gap="sm">
          {nodes.length === 0 && <Text c="dimmed">{explorer.reference.noParameters}</Text>}
          <Fields nodes={first} {...fields} />
          {rest.length > 0 && (
            <details open={first.length === 0}>
              <summary>{words.optional(rest.length)}</summary>
              <Stack mt="sm">
                <Fields nodes={rest} {...fields} />
              </Stack>
            </details>
          )}
          {tried && problems.length > 0 && (
            <div className={classes.notice} role="alert">
              <span>{words.problems(problems.length)}</span>
              <Button size="xs" variant="default" onClick={ask}>
                {words.sendAnyway}
              </Button>
            </div>
          )}
          <Group gap="sm" align="flex-end">
            <Choice
              label={words.scheme}
              value={settings.scheme}
              choices={['V3', 'V1']}
              onChange={(scheme) => setSettings({ ...settings, scheme })}
            />
            <Choice
              label={words.method}
              value={settings.method}
              choices={['POST', 'GET']}
              onChange={(method) => setSettings({ ...settings, method })}
            />
            <Button type="submit" loading={busy} leftSection={<IconPlayerPlay size={16} aria-hidden />}>
              {words.call}
            </Button>
            {busy && (
              <Button variant="default" onClick={onCancel}>
                {words.cancel}
              </Button>
            )}
          </Group>
          <Text size="xs" c="dimmed">
            {words.as(session.UserName ?? session.Principal)}
          </Text>
        </Stack>
      </form>
      <ConfirmByName
        opened={asking}
        onClose={() => setAsking(false)}
        title={words.confirm(operation.name)}
        action={words.call}
        busy={busy}
        failure={null}
        onConfirm={send}
      >
        <Stack gap="xs">
          <Text lang="en">{operation.summary}</Text>
          <Text>{words.confirmHint}</Text>
          <Text size="sm" c="dimmed">
            {problems.length === 0 || !isAbsent(values) ? words.with : words.withNone}
          </Text>
          {toPairs(nodes, compact(values)).map(([name, value]) => (
            <Code key={name} block>{`${name} = ${value}`}</Code>
          ))}
        </Stack>
      </ConfirmByName>
    </Panel>
  );
}

interface ChoiceProps<Name extends string> {
  label: string;
  value: Name;
  choices: readonly Name[];
  onChange: (value: Name) => void;
}

function Choice<Name extends string>({ label, value, choices, onChange }: ChoiceProps<Name>): ReactNode {
  return (
    <Stack gap={2}>
      <Text size="xs" c="dimmed">
        {label}
      </Text>
      <SegmentedControl
        size="xs"
        aria-label={label}
        data={[...choices]}
        value={value}
        onChange={(chosen) => {
          const known = choices.find((own) => own === chosen);
          if (known !== undefined) onChange(known);
        }}
      />
    </Stack>
  );
}

import { Button, Group, List, Stack, Text, TextInput, Textarea } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import { useAction } from '@/api/queries';
import { useTexts } from '@/i18n/context';
import { Failure } from '@/ui/Failure';
import classes from './Identities.module.css';
import { documentFaults, isPolicyName, startingDocument } from './rules';

interface PolicyFormProps {
  /** The policy that is changed; without it, one is made. */
  policy?: { name: string; description: string; document: string };
  onDone: (name: string) => void;
  onClose: () => void;
}

/** Makes or changes a policy. Says what is wrong with the document while it is typed; the center says the rest. */
export function PolicyForm({ policy, onDone, onClose }: PolicyFormProps): ReactNode {
  const { identities, common } = useTexts();
  const words = identities.policies;
  const [name, setName] = useState(policy?.name ?? '');
  const [description, setDescription] = useState(policy?.description ?? '');
  const [document, setDocument] = useState(policy?.document ?? startingDocument);
  const create = useAction('CreatePolicy', ['ListPolicies']);
  const update = useAction('UpdatePolicy', ['ListPolicies', 'GetPolicy']);
  const action = policy ? update : create;
  const faults = documentFaults(document, words);
  const ready = isPolicyName(name) && faults.length === 0;
  const submit = async (): Promise<void> => {
    const params = { PolicyName: name, PolicyDocument: document, Description: description };
    if (await action.run(params)) onDone(name);
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (ready) void submit();
      }}
    >
      <Stack>
        {!policy && (
          <TextInput
            label={identities.name}
            description={words.nameRule}
            error={name !== '' && !isPolicyName(name) && words.nameWrong}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            autoComplete="off"
            spellCheck={false}
            data-autofocus
            required
          />
        )}
        <TextInput
          label={words.description}
          value={description}
          onChange={(event) => setDescription(event.currentTarget.value)}
          autoComplete="off"
        />
        <DocumentField
          label={words.document}
          description={words.documentHint}
          value={document}
          onChange={setDocument}
        />
        {action.failure && <Failure failure={action.failure} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {common.cancel}
          </Button>
          <Button type="submit" disabled={!ready} loading={action.busy}>
            {policy ? common.save : common.create}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

interface DocumentFieldProps {
  label: string;
  description: string;
  value: string;
  onChange: (value: string) => void;
}

/** A policy document that is typed, with what is wrong with it. */
export function DocumentField({ label, description, value, onChange }: DocumentFieldProps): ReactNode {
  const { identities } = useTexts();
  const faults = value.trim() === '' ? [] : documentFaults(value, identities.policies);
  return (
    <div>
      <Textarea
        className={classes.document ?? ''}
        label={label}
        description={description}
        value={value}
        onChange={(event) => onChange(event.currentTarget.value)}
        error={faults.length > 0}
        rows={14}
        spellCheck={false}
      />
      {faults.length > 0 && (
        <List size="sm" mt="xs" role="alert">
          {faults.map((fault) => (
            <List.Item key={fault}>
              <Text size="sm" c="var(--mantine-color-error)">
                {fault}
              </Text>
            </List.Item>
          ))}
        </List>
      )}
    </div>
  );
}

import { ActionIcon, Button, Group, Select, Stack, Textarea, TextInput } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import type { ParameterNode } from '@/explorer/model.ts';
import { elementsOf, membersOf, type FormValue, type FormValues } from '@/explorer/values.ts';
import { isRequired, type Violation } from '@/explorer/validate.ts';
import { useTexts } from '@/i18n/context';
import classes from './explorer.module.css';
import { factsOf } from './facts';

interface FieldsProps {
  nodes: readonly ParameterNode[];
  /** All that stand beside each other, also those that another call shows: conditions look at them. */
  beside: readonly ParameterNode[];
  values: FormValues;
  /** Goes before the names, as `Tag.1.`. */
  prefix: string;
  problems: readonly Violation[];
  onChange: (values: FormValues) => void;
}

/** Fields for parameters, nested as they are. */
export function Fields({ nodes, beside, values, prefix, problems, onChange }: FieldsProps): ReactNode {
  return (
    <Stack gap="sm">
      {nodes.map((node) => {
        const shared = {
          node,
          name: `${prefix}${node.name}`,
          required: isRequired(node.rule, beside, values) && node.rule.default === undefined,
          problems,
          onChange: (value: FormValue) => onChange({ ...values, [node.name]: value }),
        };
        const value = values[node.name];
        return node.repeated ? (
          <ListField key={node.path} {...shared} values={elementsOf(value)} />
        ) : (
          <OneField key={node.path} {...shared} value={value} />
        );
      })}
    </Stack>
  );
}

interface FieldProps {
  node: ParameterNode;
  name: string;
  required: boolean;
  problems: readonly Violation[];
  onChange: (value: FormValue) => void;
}

function ListField({ values, ...props }: FieldProps & { values: readonly FormValue[] }): ReactNode {
  const { node, name, onChange } = props;
  const { form } = useTexts().explorer;
  const problem = props.problems.find((own) => own.parameter === name);
  const full = node.rule.max_items !== undefined && values.length >= node.rule.max_items;
  return (
    <Stack gap="xs">
      {values.map((value, at) => (
        <Group key={at} gap="xs" align="flex-end" wrap="nowrap">
          <Stack flex={1} miw={0}>
            <OneField
              {...props}
              name={`${name}.${String(at + 1)}`}
              value={value}
              onChange={(changed) => onChange(values.map((own, index) => (index === at ? changed : own)))}
            />
          </Stack>
          <ActionIcon
            variant="subtle"
            color="gray"
            size={36}
            aria-label={form.remove(`${name}.${String(at + 1)}`)}
            onClick={() => onChange(values.filter((_, index) => index !== at))}
          >
            <IconTrash size={16} aria-hidden />
          </ActionIcon>
        </Group>
      ))}
      <Group gap="xs">
        <Button
          variant="default"
          size="xs"
          leftSection={<IconPlus size={14} aria-hidden />}
          disabled={full}
          onClick={() => onChange([...values, node.rule.type === 'object' ? {} : ''])}
        >
          {form.add(`${name}.${String(values.length + 1)}`)}
          {props.required && values.length === 0 && ' *'}
        </Button>
        {problem && (
          <span role="alert" lang="en" className={classes.problem}>
            {problem.message}
          </span>
        )}
      </Group>
    </Stack>
  );
}

function OneField({
  node,
  name,
  required,
  problems,
  value,
  onChange,
}: FieldProps & { value: FormValue | undefined }): ReactNode {
  const { explorer } = useTexts();
  const { rule } = node;
  if (rule.type === 'object') {
    return (
      <fieldset className={classes.nested}>
        <legend>{name}</legend>
        <Fields
          nodes={node.members}
          beside={node.members}
          values={membersOf(value)}
          prefix={`${name}.`}
          problems={problems}
          onChange={onChange}
        />
      </fieldset>
    );
  }
  const text = typeof value === 'string' ? value : '';
  const facts = factsOf({ ...rule, required: false }, explorer.reference).join(' · ');
  const shared = {
    label: name,
    description: facts,
    required,
    error: problems.find((own) => own.parameter === name)?.message,
    autoComplete: 'off',
    spellCheck: false,
  };
  const choices = rule.type === 'boolean' ? ['true', 'false'] : (rule.enum ?? []);
  if (choices.length > 0) {
    return (
      <Select
        {...shared}
        data={choices}
        value={text === '' ? null : text}
        placeholder={explorer.form.unset}
        clearable
        clearButtonProps={{ 'aria-label': `${explorer.form.clear} ${name}` }}
        onChange={(chosen) => onChange(chosen ?? '')}
      />
    );
  }
  const placeholder = rule.example ?? rule.default ?? '';
  if (rule.format === 'json_object' || (rule.max_len ?? 0) > 512) {
    return (
      <Textarea
        {...shared}
        value={text}
        placeholder={placeholder}
        autosize
        minRows={2}
        maxRows={14}
        onChange={(event) => onChange(event.currentTarget.value)}
      />
    );
  }
  return (
    <TextInput
      {...shared}
      type={rule.secret === true ? 'password' : 'text'}
      value={text}
      placeholder={placeholder}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}

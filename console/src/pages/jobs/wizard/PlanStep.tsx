import { NumberInput, Radio, Stack, TextInput } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTexts } from '@/i18n/context';
import classes from '../Jobs.module.css';
import type { Draft, DraftFault } from '../logic/draft';
import type { StepProps } from './StepProps';

/** Hints of different lengths stand below, so that fields beside each other are level. */
const order: ('label' | 'input' | 'description' | 'error')[] = ['label', 'input', 'description', 'error'];

/** How often and when a job runs, and what things are called. */
export function PlanStep({ draft, onChange, faults }: StepProps): ReactNode {
  const { wizard } = useTexts().jobs;
  const error = (fault: DraftFault): string | undefined => (faults.has(fault) ? wizard.faults[fault] : undefined);
  const number = (value: string | number): number | '' => (typeof value === 'number' ? value : '');
  const several = draft.sources.length > 1;
  return (
    <Stack>
      <Choice
        label={wizard.kind}
        value={draft.kind}
        onChange={(kind) => onChange({ kind })}
        choices={[
          ['once', wizard.kindOnce, wizard.kindOnceHint],
          ['incremental', wizard.kindIncremental, wizard.kindIncrementalHint],
        ]}
      />
      {draft.kind === 'incremental' && (
        <div className={classes.fields}>
          <NumberInput
            label={wizard.hours}
            description={wizard.hoursHint}
            value={draft.hours}
            error={error('hours')}
            allowDecimal={false}
            onChange={(value) => onChange({ hours: number(value) })}
          />
          <NumberInput
            label={wizard.keep}
            description={wizard.keepHint}
            value={draft.keep}
            error={error('keep')}
            allowDecimal={false}
            onChange={(value) => onChange({ keep: number(value) })}
          />
        </div>
      )}
      <Choice
        label={wizard.start}
        value={draft.start}
        onChange={(start) => onChange({ start })}
        choices={[
          ['now', wizard.startNow],
          ['byHand', wizard.startByHand],
          ['at', wizard.startAt],
        ]}
      />
      <div className={classes.fields}>
        {draft.start === 'at' && (
          <TextInput
            type="datetime-local"
            label={wizard.at}
            description={hintOf(draft.at, wizard)}
            value={draft.at}
            error={draft.at === '' ? undefined : (error('at') ?? error('atAfterValidity'))}
            onChange={(event) => onChange({ at: event.currentTarget.value })}
          />
        )}
        <NumberInput
          label={wizard.validDays}
          description={wizard.validHint}
          value={draft.validDays}
          error={error('validDays')}
          allowDecimal={false}
          onChange={(value) => onChange({ validDays: number(value) })}
        />
      </div>
      <div className={classes.fields}>
        <TextInput
          label={wizard.name}
          description={several ? wizard.severalHint : wizard.nameHint}
          inputWrapperOrder={order}
          value={draft.name}
          error={error('name')}
          onChange={(event) => onChange({ name: event.currentTarget.value })}
        />
        <TextInput
          label={wizard.imageName}
          description={wizard.imageNameHint}
          inputWrapperOrder={order}
          value={draft.imageName}
          error={error('imageName')}
          onChange={(event) => onChange({ imageName: event.currentTarget.value })}
        />
        <TextInput
          label={wizard.description}
          description={wizard.descriptionHint}
          inputWrapperOrder={order}
          value={draft.description}
          error={error('description')}
          onChange={(event) => onChange({ description: event.currentTarget.value })}
        />
      </div>
    </Stack>
  );
}

function hintOf(at: string, { atHint, atEmpty }: { atHint: (utc: string) => string; atEmpty: string }): string {
  const moment = Date.parse(at);
  return Number.isNaN(moment)
    ? atEmpty
    : atHint(`${new Date(moment).toISOString().slice(0, 16).replace('T', ' ')} UTC`);
}

interface ChoiceProps<Value extends Draft['kind'] | Draft['start']> {
  label: string;
  value: Value;
  onChange: (value: Value) => void;
  choices: readonly [Value, string, string?][];
}

function Choice<Value extends Draft['kind'] | Draft['start']>(props: ChoiceProps<Value>): ReactNode {
  const { label, value, onChange, choices } = props;
  return (
    <Radio.Group
      label={label}
      value={value}
      onChange={(chosen) => {
        const one = choices.find(([each]) => each === chosen);
        if (one) onChange(one[0]);
      }}
    >
      <div className={classes.choices}>
        {choices.map(([each, title, hint]) => (
          <Radio key={each} className={classes.choice ?? ''} value={each} label={title} description={hint} />
        ))}
      </div>
    </Radio.Group>
  );
}

import { Button, Group, NumberInput, Stack, Textarea, TextInput } from '@mantine/core';
import { IconCheck, IconCircle, IconX } from '@tabler/icons-react';
import { useState, type ReactNode } from 'react';
import { useAction } from '@/api/queries';
import { useLanguage, useTexts } from '@/i18n/context';
import { Failure } from '@/ui/Failure';
import { local } from '@/ui/format/format';
import { useNow } from '@/ui/When';
import type { Fresh } from './FreshCode';
import { blank, descriptionFits, limits, nameFits, nameRules, numberFits, parametersOf, type Draft } from './rules';
import classes from './Tokens.module.css';

interface CreateFormProps {
  onCreated: (fresh: Fresh) => void;
  onCancel: () => void;
}

/** What a new code is to be, with its rules as one types. */
export function CreateForm({ onCreated, onCancel }: CreateFormProps): ReactNode {
  const { tokens, common } = useTexts();
  const { form, rules } = tokens;
  const [draft, setDraft] = useState<Draft>(blank);
  const create = useAction('CreateAccessToken', ['ListAccessTokens']);
  const parameters = parametersOf(draft);
  const change = (part: Partial<Draft>): void => setDraft((before) => ({ ...before, ...part }));

  const submit = async (): Promise<void> => {
    if (!parameters) return;
    const reply = await create.run(parameters);
    if (!reply) return;
    onCreated({
      id: reply.AccessTokenId,
      code: reply.AccessTokenCode,
      count: Number(parameters.Count),
      until: Date.now() + Number(parameters.TimeToLiveInDays) * 86_400_000,
    });
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <Stack gap="md">
        <div>
          <TextInput
            label={`${form.name} (${common.optional})`}
            description={form.nameHint}
            value={draft.name}
            onChange={(event) => change({ name: event.currentTarget.value })}
            error={!nameFits(draft.name)}
            autoComplete="off"
            data-autofocus
          />
          <NameRules name={draft.name} />
        </div>
        <Textarea
          label={`${form.description} (${common.optional})`}
          autosize
          minRows={2}
          value={draft.description}
          onChange={(event) => change({ description: event.currentTarget.value.replace(/[\r\n]+/g, ' ') })}
          error={
            descriptionFits(draft.description)
              ? undefined
              : rules.atMost(limits.description.max, Array.from(draft.description).length)
          }
        />
        <div className={classes.amounts}>
          <Amount
            label={form.count}
            hint={form.countHint(limits.count.min, limits.count.max)}
            limit={limits.count}
            value={draft.count}
            onChange={(count) => change({ count })}
          />
          <Amount
            label={form.days}
            hint={form.daysHint(limits.days.min, limits.days.max)}
            limit={limits.days}
            value={draft.days}
            onChange={(days) => change({ days })}
            below={numberFits(draft.days, limits.days) ? <Until days={draft.days} /> : null}
          />
        </div>
        {create.failure && <Failure failure={create.failure} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onCancel}>
            {common.cancel}
          </Button>
          <Button type="submit" disabled={!parameters} loading={create.busy}>
            {form.submit}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

interface AmountProps {
  label: string;
  hint: string;
  limit: { min: number; max: number };
  value: number | string;
  onChange: (value: number | string) => void;
  below?: ReactNode;
}

function Amount({ label, hint, limit, value, onChange, below }: AmountProps): ReactNode {
  const { rules } = useTexts().tokens;
  return (
    <div>
      <NumberInput
        label={label}
        description={hint}
        value={value}
        onChange={onChange}
        min={limit.min}
        max={limit.max}
        // What is out of bounds is said, not silently changed.
        clampBehavior="none"
        allowDecimal={false}
        allowNegative={false}
        error={numberFits(value, limit) ? undefined : rules.between(limit.min, limit.max)}
      />
      {below}
    </div>
  );
}

/** When a code of so many days would expire. */
function Until({ days }: { days: number }): ReactNode {
  const { form } = useTexts().tokens;
  const { locale } = useLanguage();
  const now = useNow(60_000);
  return <div className={classes.until}>{form.until(local(now + days * 86_400_000, locale))}</div>;
}

/** The rules of a name, each with whether it is kept. */
export function NameRules({ name }: { name: string }): ReactNode {
  const { rules } = useTexts().tokens;
  const kept = nameRules(name);
  const list: [string, boolean][] = [
    [rules.length(limits.name.min, limits.name.max), kept.length],
    [rules.start, kept.start],
    [rules.marks, kept.marks],
  ];
  return (
    <ul className={classes.rules} aria-live="polite">
      {list.map(([text, met]) => {
        const state = name === '' ? 'open' : met ? 'yes' : 'no';
        const Icon = state === 'open' ? IconCircle : met ? IconCheck : IconX;
        const said = state === 'open' ? undefined : met ? rules.met : rules.unmet;
        return (
          <li key={text} data-met={state}>
            <Icon size={13} aria-label={said} aria-hidden={said === undefined} />
            {text}
          </li>
        );
      })}
    </ul>
  );
}

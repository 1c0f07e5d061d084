import { Button, Group, PasswordInput, Stack, Text, Textarea } from '@mantine/core';
import { IconAlertTriangle, IconCircleCheck, IconCircleX, IconZoomCode } from '@tabler/icons-react';
import { useDeferredValue, useMemo, useState, type ReactNode } from 'react';
import { diagnose, type Comparison, type Diagnosis } from '@/explorer/debug/diagnose.ts';
import { pinpoint, type DiffLine } from '@/explorer/debug/diff.ts';
import { EXAMPLE } from '@/explorer/debug/example.ts';
import type { Finding } from '@/explorer/debug/findings.ts';
import { useTexts } from '@/i18n/context';
import { Empty } from '@/ui/Empty';
import { Panel } from '@/ui/Panel';
import { useNow } from '@/ui/When';
import { CodeBlock } from './CodeBlock';
import classes from './explorer.module.css';

const EMPTY = { request: '', secret: '', reply: '', clientString: '' };

/** Says what is wrong with a signed request. Everything stays in the state of this component. */
export function Debugger(): ReactNode {
  const { debugger: words } = useTexts().explorer;
  const [given, setGiven] = useState(EMPTY);
  const evidence = useDeferredValue(given);
  // Minutes are near enough: a clock may be a quarter of an hour off.
  const now = Math.floor(useNow(60_000) / 1000);
  const result = useMemo(() => diagnose({ ...evidence, now }), [evidence, now]);
  const set = (name: keyof typeof EMPTY, value: string): void => setGiven({ ...given, [name]: value });
  const area = {
    classNames: { input: classes.mono ?? '' },
    autosize: true,
    minRows: 3,
    maxRows: 14,
    spellCheck: false,
    autoComplete: 'off',
  };
  return (
    <div className={classes.two}>
      <Panel>
        <Stack gap="sm">
          <Text size="sm">{words.intro}</Text>
          <Textarea
            {...area}
            minRows={6}
            label={words.request}
            description={words.requestHint}
            value={given.request}
            onChange={(event) => set('request', event.currentTarget.value)}
          />
          <PasswordInput
            label={words.secret}
            description={words.secretHint}
            value={given.secret}
            autoComplete="off"
            onChange={(event) => set('secret', event.currentTarget.value)}
          />
          <Textarea
            {...area}
            label={words.reply}
            description={words.replyHint}
            value={given.reply}
            onChange={(event) => set('reply', event.currentTarget.value)}
          />
          <Textarea
            {...area}
            label={words.client}
            description={words.clientHint}
            value={given.clientString}
            onChange={(event) => set('clientString', event.currentTarget.value)}
          />
          <Group>
            <Button variant="default" onClick={() => setGiven({ ...EMPTY, ...EXAMPLE })}>
              {words.example}
            </Button>
          </Group>
        </Stack>
      </Panel>
      <div className={classes.column} aria-live="polite">
        {'problem' in result ? (
          <Panel>
            <Empty icon={IconZoomCode} title={words.problems[result.problem]} />
          </Panel>
        ) : (
          <Answer diagnosis={result} />
        )}
      </div>
    </div>
  );
}

function Answer({ diagnosis: { findings, comparisons, steps } }: { diagnosis: Diagnosis }): ReactNode {
  const { debugger: words } = useTexts().explorer;
  return (
    <>
      <Panel title={words.findings}>
        {findings.map((finding, at) => (
          <FindingLine key={at} finding={finding} />
        ))}
      </Panel>
      {comparisons.map((comparison) => (
        <Panel key={comparison.with} title={comparison.with === 'server' ? words.compareServer : words.compareClient}>
          <Diff comparison={comparison} />
        </Panel>
      ))}
      {steps && (
        <Panel title={words.steps}>
          <Stack gap="xs">
            <Step title={words.canonicalQuery} text={steps.canonicalQuery} />
            {steps.scheme === 'V3' && <Step title={words.payloadHash} text={steps.payloadHash} />}
            {steps.scheme === 'V3' && <Step title={words.canonicalRequest} text={steps.canonicalRequest} />}
            <Step title={words.stringToSign} text={steps.stringToSign} />
            <Text size="sm">
              {words.signingKey}: {steps.scheme === 'V1' ? words.keyV1 : words.keyV3}
            </Text>
            {steps.signingKey.length > 1 && <Step title={words.signature} text={steps.signature} />}
          </Stack>
        </Panel>
      )}
    </>
  );
}

const ICONS = { wrong: IconCircleX, notice: IconAlertTriangle, right: IconCircleCheck };

function FindingLine({ finding }: { finding: Finding }): ReactNode {
  const { debugger: words } = useTexts().explorer;
  const Icon = ICONS[finding.level];
  const mistake = finding.mistake === undefined ? undefined : words.mistakes[finding.mistake];
  return (
    <div className={classes.finding} data-level={finding.level} data-code={finding.mistake ?? finding.code}>
      <Icon size={18} aria-label={words.levels[finding.level]} />
      <span>
        {words.codes[finding.code](finding.values)} {mistake?.(finding.values.name ?? '')}
      </span>
    </div>
  );
}

function Step({ title, text }: { title: string; text: string }): ReactNode {
  return (
    <>
      <Text size="sm">{title}</Text>
      <CodeBlock text={text} label={title} wrap />
    </>
  );
}

function Diff({ comparison: { with: side, lines } }: { comparison: Comparison }): ReactNode {
  const { debugger: words } = useTexts().explorer;
  if (lines.every((line) => line.side === 'both')) return <Text size="sm">{words.same}</Text>;
  const theirs = side === 'server' ? words.theirsServer : words.theirsClient;
  return (
    <Stack gap="xs">
      <Text size="xs" c="dimmed">
        − {words.ours} · + {theirs}
      </Text>
      <pre className={classes.diff} tabIndex={0}>
        {lines.map((line, at) => (
          <span key={at} className={classes.line} data-side={line.side}>
            {{ both: '  ', ours: '− ', theirs: '+ ' }[line.side]}
            <Marked line={line} other={counterpart(lines, at)} />
            {'\n'}
          </span>
        ))}
      </pre>
    </Stack>
  );
}

/** The line that stands against this one: of the same name, next to it. */
function counterpart(lines: readonly DiffLine[], at: number): DiffLine | undefined {
  const line = lines[at];
  if (!line || line.side === 'both') return undefined;
  const name = /^[^=:]*/.exec(line.text)?.[0];
  return lines.find((own) => own.side !== 'both' && own.side !== line.side && /^[^=:]*/.exec(own.text)?.[0] === name);
}

function Marked({ line, other }: { line: DiffLine; other: DiffLine | undefined }): ReactNode {
  if (!other) return line.text;
  const { start, end } = pinpoint(line.text, other.text);
  const marks = Array.from(line.text);
  const stop = marks.length - end;
  return (
    <>
      {marks.slice(0, start).join('')}
      <mark>{marks.slice(start, stop).join('')}</mark>
      {marks.slice(stop).join('')}
    </>
  );
}

import { Tooltip } from '@mantine/core';
import type { ReactNode } from 'react';
import { useLanguage, useTexts } from '@/i18n/context';
import { bytes } from '@/ui/format/format';
import classes from '../Jobs.module.css';
import { packing, type Figures } from '../logic/figures';
import { freezeBudget, optionsIn } from '../logic/parameters';
import { timeLeft, type History } from '../logic/rates';
import { shortly } from '../logic/words';

interface RunFiguresProps {
  figures: Figures;
  history: History;
  running: boolean;
  parameters: string | undefined;
  /** Milliseconds that the last run after the first took. */
  downtime: number | undefined;
}

interface Shown {
  term: string;
  /** Absent while it is not known. */
  text: string | undefined;
  note?: string | undefined;
  help?: string | undefined;
  /** It is said in words, which need less weight than a number. */
  words?: boolean;
}

/** The figures of a run. What is not known yet says so. */
export function RunFigures({ running, ...props }: RunFiguresProps): ReactNode {
  const now = useNowFigures(props);
  const sums = useSums(props.figures);
  // While the image is made nothing is copied, and the figures of the copy are not told any more.
  const shown = running ? (props.figures.phase === 'image' ? [] : [...now, ...sums]) : sums;
  if (shown.length === 0) return null;
  return (
    <dl className={classes.figures}>
      {shown.map((figure) => (
        <OneFigure key={figure.term} {...figure} />
      ))}
    </dl>
  );
}

function OneFigure({ term, text, note, help, words }: Shown): ReactNode {
  const { jobs } = useTexts();
  return (
    <div className={classes.figure}>
      <dt>
        {help === undefined ? (
          term
        ) : (
          <Tooltip label={help} multiline w={260} events={{ hover: true, focus: true, touch: true }}>
            <span tabIndex={0}>{term}</span>
          </Tooltip>
        )}
      </dt>
      <dd data-unknown={text === undefined} data-words={words}>
        {text ?? jobs.notYet}
        {note !== undefined && <span className={classes.note}>{note}</span>}
      </dd>
    </div>
  );
}

/** What holds at this moment. */
function useNowFigures({ figures, history, parameters, downtime }: Omit<RunFiguresProps, 'running'>): Shown[] {
  const { jobs } = useTexts();
  const { live } = jobs;
  const { locale } = useLanguage();
  const rate = (perSecond: number): string => `${bytes(perSecond, locale)}/s`;
  const time = (ms: number | undefined): string | undefined => (ms === undefined ? undefined : shortly(ms, locale));
  const copying = ['full', 'changes', 'audit'].includes(figures.phase);
  const { freeze } = optionsIn(parameters);
  const budget = freeze === '' ? freezeBudget.normal : freeze;
  const { limitedBy, predictedFreeze } = figures;
  return [
    {
      term: live.rate,
      text: history.rate === undefined ? (copying ? jobs.measuring : undefined) : rate(history.rate),
    },
    {
      term: live.timeLeft,
      text: time(timeLeft(history, figures)) ?? (copying && history.rate === undefined ? jobs.measuring : undefined),
    },
    { term: live.dirty, text: figures.dirty === undefined ? undefined : rate(figures.dirty) },
    {
      term: live.predicted,
      text: time(predictedFreeze),
      note: predictedFreeze === undefined ? undefined : live.budgetOf(shortly(budget, locale)),
      help: live.predictedHint,
    },
    { term: live.downtime, text: time(downtime), help: live.downtimeHint },
    {
      term: live.limited,
      text: limitedBy ? live.limits[limitedBy] : live.notLimited,
      help: limitedBy && live.limitHelp[limitedBy],
      words: true,
    },
  ];
}

/** What the run has come to. */
function useSums(figures: Figures): Shown[] {
  const { live } = useTexts().jobs;
  const { locale } = useLanguage();
  const { read, sent, packed, freeze, healed } = figures;
  const smaller = packing(figures);
  const shown: Shown[] = [
    { term: live.read, text: read === undefined ? undefined : bytes(read, locale) },
    {
      term: live.sent,
      text:
        sent === undefined || packed === undefined
          ? undefined
          : live.sentAs(bytes(sent, locale), bytes(packed, locale)),
      note:
        smaller === undefined || smaller < 1.05
          ? undefined
          : live.packing(smaller.toLocaleString(locale, { maximumFractionDigits: 1 })),
    },
  ];
  if (freeze !== undefined) shown.push({ term: live.freeze, text: shortly(freeze, locale) });
  if (healed !== undefined) {
    shown.push({ term: live.healed, text: healed === 0 ? live.healedNone : live.healedBytes(bytes(healed, locale)) });
  }
  return shown;
}

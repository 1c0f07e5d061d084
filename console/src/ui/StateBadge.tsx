import type { ReactNode } from 'react';
import { useTexts } from '@/i18n/context';
import classes from './StateBadge.module.css';
import { toneOf, wordsOf, type StateKind, type Tone } from './states';

type StateBadgeProps = { kind: StateKind; state: string } | { tone: Tone; label: string };

/** The state of a thing, in words, with a colour for the eye that searches. */
export function StateBadge(props: StateBadgeProps): ReactNode {
  const texts = useTexts();
  const tone = 'tone' in props ? props.tone : toneOf(props.kind, props.state);
  const label = 'tone' in props ? props.label : wordsOf(texts, props.kind, props.state);
  return (
    <span className={classes.badge} data-tone={tone}>
      {label}
    </span>
  );
}

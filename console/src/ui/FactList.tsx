import type { ReactNode } from 'react';
import classes from './FactList.module.css';

interface FactListProps {
  /** Pairs of `dt` and `dd`. */
  children: ReactNode;
}

/** What is known of one thing, a term and what it is on each line. */
export function FactList({ children }: FactListProps): ReactNode {
  return <dl className={classes.facts}>{children}</dl>;
}

import type { ReactNode } from 'react';
import { useTexts } from '@/i18n/context';
import { tokenState, uses, type TokenFacts } from './standing';
import classes from './Tokens.module.css';

/** How many uses of a code are left, as a bar and in words. */
export function Uses({ token }: { token: TokenFacts }): ReactNode {
  const { tokens } = useTexts();
  const { count, used, left } = uses(token);
  const share = count === 0 ? 0 : left / count;
  return (
    <div className={classes.uses} title={tokens.usesOf(used, count)}>
      <span>{tokens.usesLeft(left, count)}</span>
      <div className={classes.track} aria-hidden>
        <div className={classes.fill} data-state={tokenState(token)} style={{ width: `${share * 100}%` }} />
      </div>
    </div>
  );
}

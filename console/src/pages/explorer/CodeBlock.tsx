import type { ReactNode } from 'react';
import { highlight, type Syntax } from '@/explorer/samples/highlight.ts';
import { CopyButton } from '@/ui/CopyButton';
import classes from './explorer.module.css';

interface CodeBlockProps {
  text: string;
  syntax?: Syntax;
  /** Long lines are broken rather than scrolled to. */
  wrap?: boolean;
  /** What it is, for those who do not see it. */
  label: string;
  copyName?: string;
}

/** Code to read and to copy. Coloured by classes: the policy allows no styles in the page. */
export function CodeBlock({ text, syntax = 'text', wrap = false, label, copyName }: CodeBlockProps): ReactNode {
  return (
    <div className={classes.codeBox}>
      <pre className={`${classes.code} ${wrap ? classes.wrap : ''}`} tabIndex={0} role="region" aria-label={label}>
        <code>
          {highlight(syntax, text).map((token, at) =>
            token.kind === 'plain' ? (
              token.text
            ) : (
              <span key={at} className={classes[token.kind]}>
                {token.text}
              </span>
            ),
          )}
        </code>
      </pre>
      <div className={classes.copy}>
        <CopyButton value={text} {...(copyName !== undefined && { name: copyName })} />
      </div>
    </div>
  );
}

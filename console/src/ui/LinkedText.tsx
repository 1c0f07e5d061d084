import { Anchor } from '@mantine/core';
import type { ReactNode } from 'react';
import { Link } from 'react-router';

const pages = new Map([
  ['at', 'tokens'],
  ['s', 'sources'],
  ['j', 'jobs'],
  ['m', 'images'],
]);

/** The page of what an id names; `null` for what has none. */
export function placeOf(id: string): string | null {
  const page = pages.get(/^([a-z]+)-/.exec(id)?.[1] ?? '');
  return page === undefined ? null : `/${page}/${encodeURIComponent(id)}`;
}

/** A text in which ids lead to what they name. */
export function LinkedText({ text }: { text: string }): ReactNode {
  return text.split(/\b((?:at|s|j|m)-[a-z0-9]{20})\b/).map((part, at) => {
    // Every second part is what was split at.
    const place = at % 2 === 1 ? placeOf(part) : null;
    return place === null ? (
      <span key={at}>{part}</span>
    ) : (
      <Anchor key={at} component={Link} to={place} className="mono">
        {part}
      </Anchor>
    );
  });
}

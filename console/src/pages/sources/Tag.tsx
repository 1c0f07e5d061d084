import { CloseButton } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTexts } from '@/i18n/context';
import classes from './Sources.module.css';

interface TagProps {
  tag: { Key: string; Value: string };
  onRemove?: () => void;
  disabled?: boolean;
}

/** A tag as its key and value. */
export function Tag({ tag, onRemove, disabled }: TagProps): ReactNode {
  const { tags } = useTexts().sources;
  return (
    <span className={classes.tag} data-editable={onRemove !== undefined || undefined}>
      <span>
        <span className={classes.tagKey}>{tag.Key}</span>
        {tag.Value !== '' && `=${tag.Value}`}
      </span>
      {onRemove && (
        <CloseButton size="xs" aria-label={tags.remove(tag.Key)} onClick={onRemove} disabled={disabled ?? false} />
      )}
    </span>
  );
}

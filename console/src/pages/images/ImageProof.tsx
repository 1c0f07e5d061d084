import type { ReactNode } from 'react';
import type { Image } from '@/api/generated';
import { useTexts } from '@/i18n/context';
import { StateBadge } from '@/ui/StateBadge';
import { failedChecks } from './logic';

/** What stands for an image: it was verified when it was made, unless a later check found otherwise. */
export function ImageProof({ image }: { image: Image }): ReactNode {
  const { images, jobs } = useTexts();
  return failedChecks(image).length > 0 ? (
    <StateBadge tone="bad" label={images.page.failedCheck} />
  ) : (
    <StateBadge tone="good" label={jobs.runs.verified} />
  );
}

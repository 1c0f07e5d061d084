import type { ReactNode } from 'react';
import { useTexts } from '@/i18n/context';
import { PageHeader } from '@/ui/PageHeader';

export function Identities(): ReactNode {
  const { identities } = useTexts();
  return <PageHeader title={identities.title} />;
}

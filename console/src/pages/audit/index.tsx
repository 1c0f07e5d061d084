import type { ReactNode } from 'react';
import { useTexts } from '@/i18n/context';
import { PageHeader } from '@/ui/PageHeader';

export function Audit(): ReactNode {
  const { audit } = useTexts();
  return <PageHeader title={audit.title} />;
}

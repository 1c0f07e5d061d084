import type { ReactNode } from 'react';
import { Route, Routes } from 'react-router';
import { NotFound } from '@/app/NotFound';
import { SourceDetail } from './SourceDetail';
import { SourceList } from './SourceList';

/** The pages of migration sources. */
export function Sources(): ReactNode {
  return (
    <Routes>
      <Route index element={<SourceList />} />
      <Route path=":id" element={<SourceDetail />} />
      <Route path="*" element={<NotFound />} />
    </Routes>
  );
}

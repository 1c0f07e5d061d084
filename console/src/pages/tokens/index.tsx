import type { ReactNode } from 'react';
import { Route, Routes } from 'react-router';
import { NotFound } from '@/app/NotFound';
import { TokenDetail } from './TokenDetail';
import { TokenList } from './TokenList';

/** The pages of activation codes. */
export function Tokens(): ReactNode {
  return (
    <Routes>
      <Route index element={<TokenList />} />
      <Route path=":id" element={<TokenDetail />} />
      <Route path="*" element={<NotFound />} />
    </Routes>
  );
}

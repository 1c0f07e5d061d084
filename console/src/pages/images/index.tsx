import type { ReactNode } from 'react';
import { Route, Routes } from 'react-router';
import { NotFound } from '@/app/NotFound';
import { ImageList } from './ImageList';
import { ImagePage } from './ImagePage';

/** Images: the list, and one image. */
export function Images(): ReactNode {
  return (
    <Routes>
      <Route index element={<ImageList />} />
      <Route path=":id" element={<ImagePage />} />
      <Route path="*" element={<NotFound />} />
    </Routes>
  );
}

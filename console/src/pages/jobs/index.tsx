import type { ReactNode } from 'react';
import { Route, Routes } from 'react-router';
import { NotFound } from '@/app/NotFound';
import { JobList } from './JobList';
import { JobPage } from './JobPage';
import { Wizard } from './wizard/Wizard';

/** Replication jobs: the list, one job, and the making of new ones. */
export function Jobs(): ReactNode {
  return (
    <Routes>
      <Route index element={<JobList />} />
      <Route path="new" element={<Wizard />} />
      <Route path=":id" element={<JobPage />} />
      <Route path="*" element={<NotFound />} />
    </Routes>
  );
}

import type { ReactNode } from 'react';
import { useLanguage, useTexts } from '@/i18n/context';
import { bytes } from '@/ui/format/format';
import { DataTable, type Column } from '@/ui/DataTable';
import type { PassFigures } from '../logic/figures';
import { shortly } from '../logic/words';

/** The passes of a run that are over, the newest first. */
export function Passes({ passes }: { passes: readonly PassFigures[] }): ReactNode {
  const { live } = useTexts().jobs;
  const columns = useColumns();
  if (passes.length === 0) return null;
  return (
    <DataTable
      label={live.passes}
      columns={columns}
      rows={passes.toReversed()}
      rowKey={(pass) => String(pass.pass)}
      empty={null}
    />
  );
}

function useColumns(): Column<PassFigures>[] {
  const { live } = useTexts().jobs;
  const { locale } = useLanguage();
  return [
    { key: 'pass', header: live.passOver, cell: ({ pass, phase }) => `${live.pass(pass)}: ${live.passOf[phase]}` },
    { key: 'bytes', header: live.passBytes, cell: (pass) => bytes(pass.bytes, locale) },
    { key: 'sent', header: live.passSent, cell: (pass) => bytes(pass.sent, locale) },
    { key: 'took', header: live.passTook, cell: (pass) => shortly(pass.took, locale) },
  ];
}

import { useEffect, useState } from 'react';

/** What to do about a code that a job failed with; the table is fetched when a job did. */
export function useRemedy(code: string): string | undefined {
  const [known, setKnown] = useState<{ code: string; remedy: string | undefined }>();
  useEffect(() => {
    let wanted = true;
    if (code === '') return;
    void import('@/explorer/model.json').then(({ default: model }) => {
      const errors: readonly { code: string; remedy?: string }[] = model.errors;
      if (wanted) setKnown({ code, remedy: errors.find((error) => error.code === code)?.remedy });
    });
    return () => {
      wanted = false;
    };
  }, [code]);
  return known?.code === code ? known.remedy : undefined;
}

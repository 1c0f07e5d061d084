// What to do about an error code of the API: the model says it, and is fetched when the first code has to be explained.
import { useEffect, useState } from 'react';
import { errorEntry } from '@/explorer/model.ts';

interface Entry {
  code: string;
  remedy: string;
  /** Whose codes it is one of. */
  from: string;
}

/** Codes of agents and jobs may read as those of operations do; these are explained elsewhere. */
const ofCalls = new Set(['operation', 'gateway']);

/** The entry of a code that a call was refused with. */
export function entryOf(errors: readonly Entry[], code: string): Entry | undefined {
  return errorEntry(
    errors.filter(({ from }) => ofCalls.has(from)),
    code,
  );
}

/** The entry of a code once the model is there; `undefined` before, for a code that it has not, and for none. */
export function useErrorEntry(code: string | undefined): Entry | undefined {
  const [found, setFound] = useState<{ code: string; entry: Entry | undefined }>();
  useEffect(() => {
    if (code === undefined) return;
    let wanted = true;
    const show = (entry: Entry | undefined): void => {
      if (wanted) setFound({ code, entry });
    };
    import('@/explorer/model.json').then(
      ({ default: model }) => show(entryOf(model.errors, code)),
      // Where the center is out of reach, so is its model; the failure itself stays said.
      () => show(undefined),
    );
    return () => {
      wanted = false;
    };
  }, [code]);
  return found?.code === code ? found?.entry : undefined;
}

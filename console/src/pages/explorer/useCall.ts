import { useEffect, useRef, useState } from 'react';
import { client, type RawReply } from '@/api/client';
import { parameterTree, type Operation } from '@/explorer/model.ts';
import { toPairs, type FormValues } from '@/explorer/values.ts';

export interface CallSettings {
  scheme: 'V3' | 'V1';
  method: 'POST' | 'GET';
}

/** What a call came to. Replies may hold secrets: they are only here, and gone with the page. */
export type Outcome =
  | { kind: 'none' }
  | { kind: 'busy' }
  | { kind: 'reply'; action: string; reply: RawReply }
  | { kind: 'failed'; failure: unknown };

interface Caller {
  outcome: Outcome;
  call: (operation: Operation, values: FormValues, settings: CallSettings) => Promise<RawReply | undefined>;
  cancel: () => void;
}

/** Calls operations one at a time; what is left behind is not shown. */
export function useCall(): Caller {
  const [outcome, setOutcome] = useState<Outcome>({ kind: 'none' });
  const running = useRef<AbortController | null>(null);
  useEffect(() => () => running.current?.abort(), []);

  const cancel = (): void => {
    running.current?.abort();
    running.current = null;
    setOutcome({ kind: 'none' });
  };

  const call: Caller['call'] = async (operation, values, settings) => {
    running.current?.abort();
    const own = new AbortController();
    running.current = own;
    setOutcome({ kind: 'busy' });
    try {
      const reply = await client.raw(
        {
          Version: operation.version,
          Action: operation.name,
          Parameters: Object.fromEntries(toPairs(parameterTree(operation.parameters), values)),
          Scheme: settings.scheme,
          Method: settings.method,
          Detail: true,
        },
        { signal: own.signal },
      );
      if (running.current !== own) return undefined;
      setOutcome({ kind: 'reply', action: operation.name, reply });
      return reply;
    } catch (failure) {
      if (running.current === own) setOutcome({ kind: 'failed', failure });
      return undefined;
    }
  };
  return { outcome, call, cancel };
}

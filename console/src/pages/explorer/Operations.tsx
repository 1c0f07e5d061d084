import { IconCode } from '@tabler/icons-react';
import { useState, type ReactNode } from 'react';
import { useNavigate } from 'react-router';
import { useSession } from '@/api/session';
import { readHistory, remember, writeHistory, type HistoryEntry } from '@/explorer/history.ts';
import type { Operation } from '@/explorer/model.ts';
import type { FormValues } from '@/explorer/values.ts';
import { operationPath } from '@/explorer/paths';
import { useTexts } from '@/i18n/context';
import { Empty } from '@/ui/Empty';
import { Panel } from '@/ui/Panel';
import { CallPanel } from './CallPanel';
import { Calls } from './Calls';
import { operationNamed } from './contract';
import classes from './explorer.module.css';
import { OperationList } from './OperationList';
import { Reference } from './Reference';
import { Result } from './Result';
import { Samples } from './Samples';
import { useCall, type CallSettings } from './useCall';

/** The list of operations, and what is known and done with the one chosen. */
export function Operations({ action }: { action: string }): ReactNode {
  const { explorer } = useTexts();
  const { Principal } = useSession();
  const navigate = useNavigate();
  const [forms, setForms] = useState<Readonly<Record<string, FormValues>>>({});
  const [history, setHistory] = useState(() => readHistory(sessionStorage, Principal));
  const caller = useCall();
  const operation = operationNamed(action);
  const values = forms[action] ?? {};

  const keep = (entries: HistoryEntry[]): void => {
    setHistory(entries);
    writeHistory(sessionStorage, Principal, entries);
  };
  const call = async (called: Operation, sent: FormValues, settings: CallSettings): Promise<void> => {
    const reply = await caller.call(called, sent, settings);
    if (!reply) return;
    const made = {
      id: `${String(Date.now())}-${String(history.length)}`,
      at: Date.now(),
      status: reply.Status,
      millis: reply.Millis,
    };
    keep(remember(history, called, sent, made));
  };
  const refill = (entry: HistoryEntry): void => {
    setForms({ ...forms, [entry.action]: entry.values });
    void navigate(operationPath(entry.action));
  };

  return (
    <div className={classes.layout}>
      <OperationList chosen={action} />
      {operation ? (
        <>
          <div className={classes.column}>
            <CallPanel
              key={operation.name}
              operation={operation}
              values={values}
              busy={caller.outcome.kind === 'busy'}
              onChange={(changed) => setForms({ ...forms, [operation.name]: changed })}
              onCall={(sent, settings) => void call(operation, sent, settings)}
              onCancel={caller.cancel}
            />
            <Result operation={operation} outcome={caller.outcome} />
            <Samples operation={operation} values={values} />
            <Calls entries={history} onRefill={refill} onClear={() => keep([])} />
          </div>
          <Reference operation={operation} />
        </>
      ) : (
        <>
          <Panel>
            <Empty
              icon={IconCode}
              title={action === '' ? explorer.choose : explorer.unknownOperation(action)}
              hint={explorer.chooseHint}
            />
          </Panel>
          <Calls entries={history} onRefill={refill} onClear={() => keep([])} />
        </>
      )}
    </div>
  );
}

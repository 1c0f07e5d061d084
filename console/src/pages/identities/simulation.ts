import type { RequestOf } from '@/api/client';

/** What the form of the tester holds; empty where nothing is said. */
export interface Question {
  user: string | null;
  action: string;
  resource: string;
  document: string;
  withAttached: boolean;
  sourceIp: string;
  secure: string | null;
  time: string;
}

/** The call that asks it. What is empty is left to the center, which takes what is true of this call. */
export function simulation(question: Question): RequestOf<'SimulateAccess'> {
  const context = [
    { Key: 'acs:SourceIp', Value: question.sourceIp.trim() },
    { Key: 'acs:SecureTransport', Value: question.secure ?? '' },
    { Key: 'acs:CurrentTime', Value: question.time.trim() },
  ].filter(({ Value }) => Value !== '');
  const document = question.document.trim();
  return {
    ActionName: question.action.trim(),
    ...(question.user === null ? {} : { UserName: question.user }),
    ...(question.resource.trim() === '' ? {} : { Resource: question.resource.trim() }),
    ...(document === '' ? {} : { PolicyDocument: document, WithAttached: question.withAttached }),
    ...(context.length === 0 ? {} : { Context: context }),
  };
}

// What the center asks of names and documents, so that a form can say it before it is sent.
import type { Texts } from '@/i18n/en';

export function isUserName(name: string): boolean {
  return /^[A-Za-z0-9._][A-Za-z0-9._-]{0,63}$/.test(name);
}

export function isPolicyName(name: string): boolean {
  return /^[A-Za-z0-9-]{1,128}$/.test(name);
}

/** A policy to begin with: it allows reading. */
export const startingDocument = JSON.stringify(
  { Version: '1', Statement: [{ Effect: 'Allow', Action: ['smc:List*', 'smc:Describe*'], Resource: '*' }] },
  null,
  2,
);

/** What is wrong with the shape of a policy document; empty when nothing is. The center has the last word. */
export function documentFaults(text: string, words: Texts['identities']['policies']): string[] {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    return [words.notJson(error instanceof Error ? error.message : '')];
  }
  if (!isObject(document)) return [words.notObject];
  const faults: string[] = [];
  if (document.Version !== '1') faults.push(words.noVersion);
  const statements: unknown[] = Array.isArray(document.Statement) ? document.Statement : [document.Statement];
  if (document.Statement === undefined || statements.length === 0) return [...faults, words.noStatement];
  statements.forEach((statement, index) => {
    const fault = statementFault(statement, words);
    if (fault !== null) faults.push(words.statement(index + 1, fault));
  });
  return faults;
}

function statementFault(statement: unknown, words: Texts['identities']['policies']): string | null {
  if (!isObject(statement)) return words.notObject;
  if (statement.Effect !== 'Allow' && statement.Effect !== 'Deny') return words.effect;
  if (statement.Action === undefined && statement.NotAction === undefined) return words.action;
  if (statement.Resource === undefined && statement.NotResource === undefined) return words.resource;
  return null;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A document as it is read best; as it is when it is no JSON. */
export function pretty(document: string): string {
  try {
    return JSON.stringify(JSON.parse(document), null, 2);
  } catch {
    return document;
  }
}

/** The model for tests, from the files that everything else is generated from. */
import { readFileSync } from 'node:fs';
import type { ErrorEntry, Model, Operation } from './model.ts';

interface Source {
  product: string;
  version: string;
  operations: Omit<Operation, 'product' | 'version'>[];
  errors: ErrorEntry[];
}

const FOLDER = new URL('../../../crates/smc-model/model/', import.meta.url);

/** Every operation of both versions. */
export function testModel(): Model {
  const sources = ['smc-2019-06-01.json', 'landfall-2026-11-24.json'].map(
    (name) => JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8')) as Source,
  );
  return {
    operations: sources.flatMap(({ product, version, operations }) =>
      operations.map((operation) => ({ ...operation, product, version })),
    ),
    errors: sources.flatMap(({ errors }) => errors),
  };
}

/** An operation that must be there. */
export function testOperation(name: string): Operation {
  const operation = testModel().operations.find((own) => own.name === name);
  if (!operation) throw new Error(`the model has no operation ${name}`);
  return operation;
}

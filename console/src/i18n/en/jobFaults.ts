import faults from '../../../../crates/smc-model/model/job-errors.json';

/** What the model says of each code that a job can fail with. */
export const jobFaults: Record<string, { cause: string; remedy: string }> = Object.fromEntries(
  faults.map(({ code, cause, remedy }) => [code, { cause, remedy }]),
);

import type { Draft, DraftFault } from '../logic/draft';

/** What every step of the wizard is given. */
export interface StepProps {
  draft: Draft;
  onChange: (some: Partial<Draft>) => void;
  faults: ReadonlySet<DraftFault>;
}

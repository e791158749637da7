import { type Explanation, ProgramError } from '../errors.js'
import type { NaNReport } from './nanReport.js'

/** A compiled function gave a NaN or an infinity where it was told to refuse them. */
export class NonFiniteError extends ProgramError {
  readonly _tag = 'NonFiniteError'

  constructor(
    explanation: Explanation,
    /** Where it comes from; `null` if the reference evaluator gives finite results. */
    readonly report: NaNReport | null,
  ) {
    super(explanation)
  }
}

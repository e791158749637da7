import type { OperationTime } from '../compile/engine.js'

/** One operation of one run. */
export interface ProfileEntry extends OperationTime {
  /** Where it ran: the engine's name, or `host` for what an engine leaves to the reference evaluator. */
  readonly where: string
  /** Microseconds without the operations inside of it, as those of a loop's body. */
  readonly self: number
}

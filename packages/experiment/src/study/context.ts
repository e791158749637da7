import type { Engine } from '@cotangent/core'
import { E, type EdgeError } from '@cotangent/prelude'
import type { Work } from '../report/index.js'
import { type Listener, type Phase, startPhase } from './events.js'
import type { StudyMethod } from './methods.js'
import type { StudySettings } from './settings.js'

/** What a study is run with. */
export interface StudyOptions {
  readonly settings: StudySettings
  /** What is compared, in the order of the table: see `chosenMethods`. */
  readonly methods: readonly StudyMethod[]
  readonly engine: Engine
  /** What computes, and where there was a choice, why it is this engine. */
  readonly runsOn: string
  /** The engine's threads; results may differ in the last bits with their number. */
  readonly threads: number
  /** An existing folder for prepared mails and pre-trained models. */
  readonly cache: string
  readonly listen: Listener
  readonly signal: AbortSignal
}

/** A failure inside of a run under way, carried out of it. */
export class StudyFailure extends Error {
  constructor(readonly error: EdgeError) {
    super(error.message)
  }
}

export const rightOrThrow = <A>(result: E.Either<EdgeError, A>): A => {
  if (E.isLeft(result)) throw new StudyFailure(result.left)
  return result.right
}

/** Everything that one study holds while it runs. */
export class Study {
  readonly work: Work[] = []
  readonly warnings: string[] = []
  phase: Phase | null = null

  constructor(readonly options: StudyOptions) {}

  get methods(): readonly StudyMethod[] {
    return this.options.methods
  }

  get settings(): StudySettings {
    return this.options.settings
  }

  note(text: string): void {
    this.options.listen({ _tag: 'Note', text })
  }

  warn(text: string): void {
    this.warnings.push(text)
    this.options.listen({ _tag: 'Warning', text })
  }

  /** Runs a phase; its work is counted and kept. */
  async during<A>(name: string, total: number, unit: string, body: (phase: Phase) => Promise<A>): Promise<A> {
    this.options.signal.throwIfAborted()
    const phase = startPhase(this.options.listen, name, total, unit)
    this.phase = phase
    try {
      return await body(phase)
    } finally {
      this.work.push(phase.end())
      this.phase = null
    }
  }
}

/** What a study tells while it runs. */
export type StudyEvent =
  | { readonly _tag: 'Note'; readonly text: string }
  | { readonly _tag: 'Warning'; readonly text: string }
  | { readonly _tag: 'PhaseStarted'; readonly phase: string; readonly total: number; readonly unit: string }
  | {
      readonly _tag: 'Progress'
      readonly phase: string
      /** Of the phase's total, in its unit. */
      readonly done: number
      /** The newest loss; null where the phase has none. */
      readonly loss: number | null
      readonly detail: string
    }
  | { readonly _tag: 'PhaseEnded'; readonly phase: string; readonly seconds: number; readonly flop: number }
  | {
      readonly _tag: 'Step'
      readonly run: string
      readonly step: number
      readonly values: Readonly<Record<string, number>>
    }

/** Is told what happens. */
export type Listener = (event: StudyEvent) => void

/** A phase under way: reports, and counts its work. */
export interface Phase {
  readonly advance: (by: number, loss?: number | null, detail?: string) => void
  /** Adds floating-point operations done. */
  readonly work: (flop: number) => void
  readonly end: () => { readonly phase: string; readonly flop: number; readonly seconds: number }
}

/**
 * Starts a phase.
 *
 * @param total number of units of work, such as mails read @param unit what one is, in the plural
 */
export const startPhase = (listen: Listener, name: string, total: number, unit: string): Phase => {
  const start = performance.now()
  let done = 0
  let flop = 0
  listen({ _tag: 'PhaseStarted', phase: name, total, unit })
  return {
    advance: (by, loss = null, detail = '') => {
      done += by
      listen({ _tag: 'Progress', phase: name, done, loss, detail })
    },
    work: (more) => {
      flop += more
    },
    end: () => {
      const seconds = (performance.now() - start) / 1000
      listen({ _tag: 'PhaseEnded', phase: name, seconds, flop })
      return { phase: name, flop, seconds }
    },
  }
}

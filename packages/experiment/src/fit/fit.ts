import type { Evaluation } from '@cotangent/ba-lora'
import type { Compiled, Tensor } from '@cotangent/core'
import { E, type NonFinite, nonFinite } from '@cotangent/prelude'
import { ownCopy } from './ownCopy.js'
import { readTree } from './readTree.js'
import type { FrozenParts, StepHyper, StepResult } from './trainingStep.js'

/** A compiled training step. */
export type Step<Batch, S> = Compiled<
  readonly [trainable: unknown, state: S, frozen: FrozenParts, batch: Batch, hyper: StepHyper],
  StepResult<S>
>

/** Values of the loss and its terms over the steps, and what else was seen. */
export interface StepRecord {
  readonly step: number
  /** The weighted sum, by the name `total`, and every term unweighted. */
  readonly values: Readonly<Record<string, number>>
  readonly gradientNorm: number
}

/** A step, where it starts, and what each step is given. */
export interface FitOptions<Batch, S> {
  readonly step: Step<Batch, S>
  readonly trainable: unknown
  readonly state: S
  readonly frozen: FrozenParts
  readonly steps: number
  readonly batchAt: (step: number) => Batch
  readonly hyperAt: (step: number) => StepHyper
  readonly onStep?: (record: StepRecord) => void
  /** Looked at before each step: a run that is told to stop ends there. */
  readonly signal?: AbortSignal
}

/** Where training ended, on the host, and what was seen on the way. */
export interface FitResult<S> {
  readonly trainable: unknown
  readonly state: S
  readonly records: readonly StepRecord[]
}

const valuesOf = ({ total, terms }: Evaluation): Readonly<Record<string, number>> => ({
  total: total.item(),
  ...Object.fromEntries(Object.entries(terms).map(([name, x]: [string, Tensor]) => [name, x.item()])),
})

/** The first value that is not finite: a term before the total, since the term is the cause. */
const firstNonFinite = ({ total = 0, ...terms }: Readonly<Record<string, number>>): readonly [string, number] | null =>
  [...Object.entries(terms), ['total', total] as const].find(([, value]) => !Number.isFinite(value)) ?? null

/**
 * Runs training steps one after the other. The parameters and the state given are copied first, so that the step may
 * donate them (arguments 0 and 1) whoever else holds them.
 *
 * @returns Left at the first step whose loss, or a term of it, is not finite: training stops there
 * @throws what the signal's reason is, when it is aborted
 */
export const fit = async <Batch, S>(options: FitOptions<Batch, S>): Promise<E.Either<NonFinite, FitResult<S>>> => {
  let trainable = ownCopy(options.trainable)
  let state = ownCopy(options.state)
  const records: StepRecord[] = []
  for (let step = 0; step < options.steps; step++) {
    options.signal?.throwIfAborted()
    const result = await options.step(trainable, state, options.frozen, options.batchAt(step), options.hyperAt(step))
    trainable = result.trainable
    state = result.state
    const { evaluation, gradientNorm } = await readTree({
      evaluation: result.evaluation,
      gradientNorm: result.gradientNorm,
    })
    const record = { step, values: valuesOf(evaluation), gradientNorm: gradientNorm.item() }
    const bad = firstNonFinite(record.values)
    if (bad !== null) return E.left(nonFinite(bad[0], step, String(bad[1])))
    if (!Number.isFinite(record.gradientNorm))
      return E.left(nonFinite('gradient norm', step, String(record.gradientNorm)))
    records.push(record)
    options.onStep?.(record)
  }
  return E.right({ ...(await readTree({ trainable, state })), records })
}

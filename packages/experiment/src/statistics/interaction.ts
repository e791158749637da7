import { mean } from 'simple-statistics'
import { type PermutationTest, pairedPermutation } from './permutation.js'

/** The four cells of the question "does the gain depend on faulty pre-training", each [pre-trainings][seeds]. */
export interface InteractionValues {
  readonly judgedFaulty: readonly (readonly number[])[]
  readonly otherFaulty: readonly (readonly number[])[]
  readonly judgedClean: readonly (readonly number[])[]
  readonly otherClean: readonly (readonly number[])[]
}

/** Whether the judged method gains more over the other after faulty pre-training than after clean. */
export interface Interaction {
  /** Mean of judged minus other after faulty pre-training. */
  readonly gainFaulty: number
  /** The same after clean pre-training. */
  readonly gainClean: number
  /** gainFaulty - gainClean of each pre-training seed. */
  readonly perPretraining: readonly number[]
  /** Over fine-tuning seeds, each averaged over the pre-trainings: holds for these pre-trained models. */
  readonly overSeeds: PermutationTest
  /** Over pre-training seeds: would hold for others, but is coarse, as there are few. */
  readonly overPretrainings: PermutationTest
}

const checked = (values: InteractionValues): InteractionValues => {
  const shapes = Object.entries(values).map(([name, rows]: [string, readonly (readonly number[])[]]) => {
    const sizes = [...new Set(rows.map((row) => row.length))]
    return { name, shape: `[${rows.length}, ${sizes.join(' or ')}]` }
  })
  if (new Set(shapes.map(({ shape }) => shape)).size > 1 || values.judgedFaulty.length === 0) {
    throw new RangeError(
      'interaction: the four cells must have the same pre-training and fine-tuning seeds.\n' +
        `  received  ${shapes.map(({ name, shape }) => `${name} ${shape}`).join(', ')}\n` +
        '  to do     run both methods on every seed of both kinds of pre-training',
    )
  }
  return values
}

/**
 * Interaction of method and pre-training, as a difference of differences.
 *
 * I = (judged - other | faulty) - (judged - other | clean), for each pre-training seed p and fine-tuning seed s
 *
 * Tested by flipping signs of I averaged over p, for each s; and, apart from it, averaged over s, for each p.
 *
 * @throws RangeError if the four cells differ in shape
 * @example interaction({ judgedFaulty: [[3]], otherFaulty: [[1]], judgedClean: [[2]], otherClean: [[2]] }, { seed: 0 })
 */
export const interaction = (values: InteractionValues, options: { readonly seed: number }): Interaction => {
  const { judgedFaulty, otherFaulty, judgedClean, otherClean } = checked(values)
  const minus = (x: readonly (readonly number[])[], y: readonly (readonly number[])[]) =>
    x.map((row, p) => row.map((value, s) => value - (y[p]?.[s] ?? Number.NaN)))
  const faulty = minus(judgedFaulty, otherFaulty)
  const clean = minus(judgedClean, otherClean)
  const both = minus(faulty, clean)
  const perPretraining = both.map((row) => mean([...row]))
  const perSeed = (both[0] ?? []).map((_, s) => mean(both.map((row) => row[s] ?? Number.NaN)))
  return {
    gainFaulty: mean(faulty.flat()),
    gainClean: mean(clean.flat()),
    perPretraining,
    overSeeds: pairedPermutation(perSeed, options),
    overPretrainings: pairedPermutation(perPretraining, options),
  }
}

import { holm } from './holm.js'
import { type PermutationTest, pairedPermutation } from './permutation.js'

/** One method's values of a metric, one for each seed, in the same order of seeds for every method. */
export interface MethodValues {
  readonly name: string
  readonly values: readonly number[]
}

/** The judged method against one other, seed by seed. */
export interface Comparison extends PermutationTest {
  /** The other method. */
  readonly against: string
  /** Judged minus other, for each seed. */
  readonly differences: readonly number[]
  /** p after Holm's correction over all comparisons of this family. */
  readonly holmP: number
  /** The smallest p after Holm that this comparison could have reached if every test were at its smallest. */
  readonly smallestHolmP: number
  /** Seeds on which the judged method was better. */
  readonly wins: number
  /** Seeds on which both were equal. */
  readonly ties: number
}

/**
 * Paired permutation tests of one method against each other method, corrected by Holm as one family.
 *
 * @param judged the method in question @param others the methods it is compared with
 * @throws RangeError if a method has another number of seeds, naming it
 * @example compareMethods({ name: 'ba-lora', values }, [{ name: 'pissa', values: others }], { seed: 0 })[0].holmP
 */
export const compareMethods = (
  judged: MethodValues,
  others: readonly MethodValues[],
  options: { readonly seed: number },
): readonly Comparison[] => {
  const tests = others.map((other) => {
    if (other.values.length !== judged.values.length) {
      throw new RangeError(
        'compareMethods: methods are paired by seed, so each must have a value for each seed.\n' +
          `  received  ${judged.name} [${judged.values.length}], ${other.name} [${other.values.length}]\n` +
          '  to do     run the missing seeds, or compare over the seeds that both have',
      )
    }
    const differences = judged.values.map((value, i) => value - (other.values[i] ?? Number.NaN))
    return { against: other.name, differences, test: pairedPermutation(differences, options) }
  })
  const adjusted = holm(tests.map(({ test }) => test.p))
  const smallest = holm(tests.map(({ test }) => test.smallestP))
  return tests.map(({ against, differences, test }, i) => ({
    ...test,
    against,
    differences,
    holmP: adjusted[i] ?? 1,
    smallestHolmP: smallest[i] ?? 1,
    wins: differences.filter((d) => d > 0).length,
    ties: differences.filter((d) => d === 0).length,
  }))
}

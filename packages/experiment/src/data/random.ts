/**
 * Uniform numbers in [0, 1). Everything random about the data takes one as its last argument, so that a seed fixes it;
 * the draws of one call are its whole use of it.
 */
export type Random = () => number

/** Uniform whole number from 0 to n - 1. */
export const below = (n: number, random: Random): number => Math.min(n - 1, Math.floor(random() * n))

/**
 * A copy in random order, every order equally likely (Fisher and Yates, from the end).
 *
 * @example shuffled([1, 2, 3], () => 0) // => [2, 3, 1]
 */
export const shuffled = <A>(items: readonly A[], random: Random): A[] => {
  const result = [...items]
  for (let i = result.length - 1; i > 0; i--) {
    const j = below(i + 1, random)
    const a = result[i]
    const b = result[j]
    if (a !== undefined && b !== undefined) {
      result[i] = b
      result[j] = a
    }
  }
  return result
}

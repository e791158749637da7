/* Transforms of transforms: in a composition of several, any one may be replaced by its second way. */
import * as fc from 'fast-check'
import type { ListFunction } from '../oracle.js'
import { LawError } from './lawError.js'
import { type AnyFunction, problemOf } from './problem.js'
import { checkSamePrograms } from './program.js'
import { type Transform, transformTable } from './transformTable.js'

/** Names of the transforms that `transformsCompose` knows. */
export type TransformName = string

const transformOf = (name: TransformName): Transform => {
  const transform = Object.hasOwn(transformTable, name) ? transformTable[name] : undefined
  if (transform !== undefined) return transform
  const known = Object.keys(transformTable).join(', ')
  throw new Error(`there is no transform ${name} here; there are ${known}`)
}

/** Nothing forwards stands around what has a derivative backwards only, and results do not grow without bound. */
const fits = (names: readonly TransformName[]): boolean => {
  const transforms = names.map(transformOf)
  const backwardOnly = transforms.findIndex((transform) => transform.backwardOnly === true)
  const refused = backwardOnly >= 0 && transforms.slice(backwardOnly).some((transform) => transform.forward === true)
  return !refused && transforms.filter((transform) => transform.grows === true).length <= 1
}

/**
 * Two or three transforms, the innermost first.
 *
 * @example fc.sample(transformsArbitrary(), 2)
 */
export const transformsArbitrary = ({ most = 3 } = {}): fc.Arbitrary<readonly TransformName[]> =>
  fc.array(fc.constantFrom(...Object.keys(transformTable)), { minLength: 2, maxLength: most }).filter(fits)

/**
 * Transforms of transforms are what they say: in `c(b(a(f)))`, each of a, b and c is replaced in turn by other means to
 * the same (vmap by a loop, forward mode by reverse mode twice, reverse mode by forward mode along every coordinate,
 * jit and checkpoint by the function itself), and the results agree.
 *
 * @param f a function of pytrees; its floating arguments become one list. A few elements only: some means are slow
 * @param names of transforms, the innermost first
 * @throws LawError naming the composition and the transform that was replaced
 */
export const transformsCompose = (f: AnyFunction, args: readonly unknown[], names: readonly TransformName[]): void => {
  const problem = problemOf(f, args)
  if (problem.xs.length === 0) return
  if (!fits(names)) throw new Error(`${names.join(', ')}: forward mode is refused around a customVjp`)
  const transforms = names.map(transformOf)
  const composed = (replaced: number | null): ListFunction =>
    transforms.reduce(
      (inner, transform, i) => (i === replaced ? transform.definition(inner) : transform.of(inner)),
      problem.f,
    )
  const written = names.reduce((inner, name) => `${name}(${inner})`, 'f')
  const innermost = transforms.findIndex((transform) => transform.backwardOnly === true)
  for (const [i, name] of names.entries()) {
    // the other means are forwards, which a customVjp inside refuses
    if (innermost >= 0 && i > innermost && transforms[i]?.definition !== transformTable.vmap?.definition) continue
    try {
      checkSamePrograms(
        {
          check: written,
          expected: `${name} by other means must give the same.`,
          names: [written, `with another ${name}`],
          rtol: 1e-9,
        },
        problem.xs,
        composed(null),
        composed(i),
      )
    } catch (error) {
      if (error instanceof LawError) throw error
      const message = error instanceof Error ? error.message : String(error)
      throw new Error(`${written}, with another ${name}: ${message}`, { cause: error })
    }
  }
}

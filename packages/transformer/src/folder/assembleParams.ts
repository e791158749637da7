/* From the tensors of a file to a model's parameter tree, with all that can be wrong or odd on the way. */
import { printAval, sameAval, type Tensor, zeros } from '@cotangent/core'
import {
  E,
  escapeForTerminal,
  type MissingTensor,
  missingTensor,
  nearest,
  type WrongShape,
  wrongShape,
} from '@cotangent/prelude'
import type { MakeParameter } from '../parameters/makeParameter.js'

/** What may be made new where a file lacks it: a head, when a model gets another task. */
export interface Fresh {
  /** Whether a missing parameter may be new, by name. */
  readonly allowed: (name: string) => boolean
  readonly make: MakeParameter
}

export interface Assembled<P> {
  readonly params: P
  /** Names of parameters that were not in the file and are new. */
  readonly newParameters: readonly string[]
  /** Names of tensors in the file that the model has no place for. */
  readonly unused: readonly string[]
}

/**
 * Fills a parameter tree with the tensors of a file. Shapes and dtype (f32) must be exactly the model's.
 *
 * @param list asks for each parameter of the model
 * @param file for messages
 * @returns MissingTensor with all names that are missing, or WrongShape for the first that differs
 */
export const assembleParams = <P>(
  list: (make: MakeParameter) => P,
  tensors: ReadonlyMap<string, Tensor>,
  file: string,
  fresh: Fresh | null,
): E.Either<MissingTensor | WrongShape, Assembled<P>> => {
  const used = new Set<string>()
  const missing: string[] = []
  const newParameters: string[] = []
  const wrong: WrongShape[] = []
  const params = list((name, shape, start) => {
    const found = tensors.get(name)
    if (found === undefined) {
      if (fresh?.allowed(name) === true) {
        newParameters.push(name)
        return fresh.make(name, shape, start)
      }
      missing.push(name)
      return zeros(shape)
    }
    used.add(name)
    const aval = { shape, dtype: 'f32' } as const
    if (!sameAval(aval, found.aval)) wrong.push(wrongShape(name, printAval(aval), printAval(found.aval), file))
    return found
  })
  const unused = [...tensors.keys()].filter((name) => !used.has(name))
  if (missing.length > 0) return E.left(missingTensor(missing, file, nearMisses(missing, unused)))
  const [first] = wrong
  return first === undefined ? E.right({ params, newParameters, unused }) : E.left(first)
}

const nearMisses = (missing: readonly string[], present: readonly string[]): ReadonlyMap<string, string> =>
  new Map(
    missing.slice(0, 10).flatMap((name): readonly (readonly [string, string])[] => {
      const near = nearest(name, present)
      return near === undefined ? [] : [[name, near]]
    }),
  )

/** What is odd about how a file fitted, a sentence each. */
export const assemblyWarnings = ({ newParameters, unused }: Assembled<unknown>): readonly string[] => [
  ...(newParameters.length === 0 ? [] : [`New, not from the file, and to be trained: ${some(newParameters)}.`]),
  ...(unused.length === 0 ? [] : [`In the file and not used by this model: ${some(unused)}.`]),
]

const shownNames = 5

const some = (names: readonly string[]): string => {
  const shown = names.slice(0, shownNames).map((name) => escapeForTerminal(name, 80))
  return names.length > shownNames ? `${shown.join(', ')} and ${names.length - shownNames} more` : shown.join(', ')
}

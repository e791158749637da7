import { isFloating, printAval } from '../aval.js'
import { TreeMismatchError } from '../errors.js'
import { zerosLike } from '../primitives/broadcast.js'
import { printTree, sameTree, treeFlatten } from '../pytree.js'
import type { Tensor } from '../tensor.js'

/**
 * The cotangents of the floating leaves of the arguments that are not static, from what a user's backward rule gave.
 *
 * @throws TreeMismatchError if they do not fit the arguments
 */
export const checkedCotangents = (
  name: string,
  args: readonly unknown[],
  cts: unknown,
  fixed: readonly number[] = [],
): readonly Tensor[] => {
  if (!Array.isArray(cts) || cts.length !== args.length) {
    throw new TreeMismatchError({
      op: name,
      expected: `backward must return an array of ${args.length} cotangents, one per argument.`,
      received: Array.isArray(cts) ? `an array of ${cts.length}` : typeof cts,
      todo: 'wrap a single cotangent in an array; give null for an argument without one',
    })
  }
  const given: readonly unknown[] = cts
  return args.flatMap((arg, i) => (fixed.includes(i) ? [] : cotangentOf(name, arg, given[i], i)))
}

const cotangentOf = (name: string, arg: unknown, ct: unknown, i: number): readonly Tensor[] => {
  const [leaves, def] = treeFlatten(arg)
  if (ct === null || ct === undefined) return leaves.filter((x) => isFloating(x.dtype)).map(zerosLike)
  const [parts, partDef] = treeFlatten(ct)
  const fits =
    sameTree(def, partDef) &&
    leaves.every((x, j) => parts[j] !== undefined && printAval(parts[j].aval) === printAval(x.aval))
  if (!fits) {
    throw new TreeMismatchError({
      op: name,
      expected: `backward must return a cotangent like argument ${i}, or null.`,
      received: `argument ${printTree(def)} ${leaves.map((x) => printAval(x.aval)).join(' ')}, cotangent ${printTree(partDef)} ${parts.map((x) => printAval(x.aval)).join(' ')}`,
      todo: 'return one cotangent per argument, of its shape and dtype',
    })
  }
  return parts.filter((_, j) => isFloating(leaves[j]?.dtype ?? 'bool'))
}

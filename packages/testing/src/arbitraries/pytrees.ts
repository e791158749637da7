import type { HostTensor, Pytree } from '@cotangent/core'
import * as fc from 'fast-check'
import { tensorArbitrary } from './tensors.js'

/** Keys that show mistakes: those that sort differently as numbers, and those an object inherits. */
const key: fc.Arbitrary<string> = fc.constantFrom('a', 'b', 'w', '10', '9', 'Z', 'ß', 'constructor', 'toString', 'a.b')

/**
 * Nested arrays and plain objects with tensors (or what `leaf` gives) at their ends; `null` leaves and empty nodes occur.
 *
 * @example fc.assert(fc.property(pytreeArbitrary(), (tree) => treeLeaves(tree).length >= 0))
 */
export const pytreeArbitrary = (
  leaf: fc.Arbitrary<HostTensor> = tensorArbitrary({ maxRank: 2, maxLength: 3 }),
): fc.Arbitrary<Pytree> =>
  fc.letrec<{ tree: Pytree; node: Pytree; list: Pytree; end: Pytree }>((tie) => ({
    end: fc.oneof({ arbitrary: leaf, weight: 4 }, { arbitrary: fc.constant(null), weight: 1 }),
    list: fc.array(tie('tree'), { maxLength: 3 }),
    node: fc.dictionary(key, tie('tree'), { maxKeys: 3 }),
    tree: fc.oneof({ maxDepth: 3, depthSize: 'small' }, tie('end'), tie('list'), tie('node')),
  })).tree

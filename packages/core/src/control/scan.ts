/* Loops of a known number of steps: scan, map, and foriLoop with numbers as bounds. */
import { printAval } from '../aval.js'
import { ArgumentError, ShapeError, TreeMismatchError } from '../errors.js'
import { type Leaves, leafCount, leafPaths, printTree, type TreeDef, treeFlatten, treeUnflatten } from '../pytree.js'
import type { Tensor } from '../tensor.js'
import { bind } from '../trace/bind.js'
import { type AnyFunction, traceTree } from '../trace/trace.js'
import { checkAlike } from './results.js'
import { scanPrimitive } from './scanPrimitive.js'

/** How many steps a scan has, and in which direction it goes. */
export interface ScanOptions {
  /** Needed where xs has no leaves. */
  readonly length?: number
  /** From the last entry to the first; ys keep the places of their xs. */
  readonly reverse?: boolean
}

const lengthOf = (op: string, xs: readonly Tensor[], def: TreeDef, length: number | undefined): number => {
  const lengths = new Set([...xs.map((x) => x.shape[0]), ...(length === undefined ? [] : [length])])
  const [only, ...more] = lengths
  if (only === undefined || more.length > 0 || !Number.isInteger(only) || only < 0) {
    const paths = leafPaths(def)
    throw new ShapeError({
      op,
      expected: 'all xs must have the same length along axis 0, which is the number of steps.',
      received:
        [
          ...xs.map((x, i) => `xs${paths[i] ?? ''} ${printAval(x.aval)}`),
          ...(length === undefined ? [] : [`length ${length}`]),
        ].join(', ') || 'no xs and no length',
      todo: 'give xs a common first axis, or `length` where there are no xs',
    })
  }
  return only
}

/**
 * A loop that carries a state through the entries of `xs` along axis 0 and stacks what each step gives besides.
 *
 * [carry₁, y₀] = f(init, xs₀), [carry₂, y₁] = f(carry₁, xs₁), ...; the result is [carryₙ, [y₀, ..., yₙ₋₁]]
 *
 * The body is traced once and stays a loop on every engine. All derivatives pass through it; a backward one keeps for
 * every step what the body's derivative needs (wrap the body in `checkpoint` to keep its inputs only).
 *
 * @param f a pure function `(carry, x) => [carry, y]`; the carry keeps its structure, shapes and dtypes
 * @param init the first carry
 * @param xs a pytree of tensors of equal length along axis 0, or null
 * @returns the last carry, and ys stacked along axis 0
 * @throws ShapeError, TreeMismatchError if the carry changes, or lengths differ
 * @see jax.lax.scan, whose meaning this has
 * @example
 * const [total, sums] = scan((sum, x) => [add(sum, x), add(sum, x)], scalar(0), array([1, 2, 3]))
 * sums // => [1, 3, 6]
 */
export const scan = <C, X, Y>(
  f: (carry: Leaves<C>, x: Leaves<X>) => readonly [Leaves<C>, Y],
  init: C,
  xs: X,
  options: ScanOptions = {},
): readonly [Leaves<C>, Y] => {
  const [carry, carryDef] = treeFlatten(init)
  const [slices, xsDef] = treeFlatten(xs)
  const length = lengthOf('scan', slices, xsDef, options.length)
  const { ir, captured, out } = traceTree('scan', f as AnyFunction, { kind: 'array', items: [carryDef, xsDef] }, [
    ...carry.map((x) => x.aval),
    ...slices.map(({ shape: [, ...shape], dtype }) => ({ shape, dtype })),
  ])
  const [nextDef, yDef] = out.kind === 'array' && out.items.length === 2 ? out.items : []
  if (nextDef === undefined || yDef === undefined) {
    throw new TreeMismatchError({
      op: 'scan',
      expected: 'the body must return [carry, y].',
      received: `the body's result ${printTree(out)}`,
      todo: 'return null as y where nothing is stacked',
    })
  }
  const nextAvals = ir.outputs.slice(0, leafCount(nextDef)).map((atom) => atom.aval)
  checkAlike(
    'scan',
    ['the first carry', { def: carryDef, avals: carry.map((x) => x.aval) }],
    ['the carry that the body returns', { def: nextDef, avals: nextAvals }],
  )
  const results = bind(scanPrimitive, [...captured, ...carry, ...slices], {
    body: ir,
    length,
    reverse: options.reverse ?? false,
    constants: captured.length,
    carry: carry.length,
  })
  return [
    treeUnflatten<Leaves<C>>(carryDef, results.slice(0, carry.length)),
    treeUnflatten<Y>(yDef, results.slice(carry.length)),
  ]
}

/**
 * Applies a function to each entry along axis 0, one after the other, and stacks the results: `vmap` with the memory of
 * one step.
 *
 * @param f a pure function of one entry
 * @param xs a pytree of tensors of equal length along axis 0
 * @example map((x) => mul(x, x), array([1, 2, 3])) // => [1, 4, 9]
 */
export const map = <X, Y>(f: (x: Leaves<X>) => Y, xs: X): Y => scan((_, x) => [null, f(x)] as const, null, xs)[1]

/** The number of steps from one whole number to another. */
export const stepsBetween = (op: string, lower: number, upper: number): number => {
  if (![lower, upper].every(Number.isInteger)) {
    throw new ArgumentError({
      op,
      expected: 'bounds must be whole numbers, or i32 scalars.',
      received: `lower ${lower}, upper ${upper}`,
      todo: 'round them',
    })
  }
  return Math.max(0, upper - lower)
}

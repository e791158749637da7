/* Gradients of many examples: one by one, together, in parts on several machines or one after the other. */
import { add, grad, type InAxes, mul, slice, sum, type Tensor, treeFlatten, treeUnflatten, vmap } from '@cotangent/core'
import { type AnyFunction, applied } from './problem.js'
import { checkSamePrograms } from './program.js'

/** The rows from `start` to `end` of every tensor. */
const rows = (xs: readonly Tensor[], start: number, end: number): readonly Tensor[] =>
  xs.map((x) =>
    slice(
      x,
      x.shape.map((_, axis) => (axis === 0 ? start : 0)),
      x.shape.map((n, axis) => (axis === 0 ? end : n)),
    ),
  )

const scalarOf = (f: AnyFunction, args: readonly unknown[]): Tensor => {
  const [value] = treeFlatten(applied(f, args))[0]
  if (value === undefined) throw new Error('the function must give a scalar')
  return value
}

/**
 * `grad(Σ_i f(params, x_i)) = Σ_i grad f(params, x_i)`, the gradients on the right from `vmap(grad(f))`.
 *
 * @param f a scalar function of parameters (a pytree) and one example
 * @param batch of examples, one tensor for each further argument, batch axis in front
 */
export const gradientsPerExampleAddUp = (f: AnyFunction, params: unknown, batch: readonly Tensor[]): void => {
  const [leaves, def] = treeFlatten(params)
  const one = (list: readonly Tensor[], example: readonly Tensor[]): Tensor =>
    scalarOf(f, [treeUnflatten<unknown>(def, list), ...example])
  const inAxes: InAxes = [null, 0]
  checkSamePrograms(
    {
      check: 'gradients per example',
      expected: 'the gradient of the sum must be the sum of the gradients.',
      names: ['of the sum', 'sum'],
      rtol: 1e-11,
    },
    [...leaves, ...batch],
    (xs) =>
      grad((list: readonly Tensor[]) => sum(vmap(one, { inAxes })(list, xs.slice(leaves.length))))(
        xs.slice(0, leaves.length),
      ),
    (xs) =>
      vmap((list: readonly Tensor[], example: readonly Tensor[]) => grad(one)(list, example), { inAxes })(
        xs.slice(0, leaves.length),
        xs.slice(leaves.length),
      ).map((each) => sum(each, 0)),
  )
}

/**
 * A mean loss over the joined batch has the gradient that the parts have together, each weighted by its share of the
 * examples: what data-parallel ranks, and steps that accumulate, compute.
 *
 * @param loss a mean over examples, a scalar function of parameters (a pytree) and a batch
 * @param batch one tensor for each further argument, batch axis in front
 * @param sizes of the parts, which add up to the batch; the last may be smaller
 */
export const gradientsOfPartsAddUp = (
  loss: AnyFunction,
  params: unknown,
  batch: readonly Tensor[],
  sizes: readonly number[],
): void => {
  const [leaves, def] = treeFlatten(params)
  const total = sizes.reduce((sum, n) => sum + n, 0)
  const on = (examples: readonly Tensor[]) => (list: readonly Tensor[]) =>
    scalarOf(loss, [treeUnflatten<unknown>(def, list), ...examples])
  checkSamePrograms(
    {
      check: 'parts of a batch',
      expected: 'the gradient of the whole must be the weighted sum of those of the parts.',
      names: ['of the whole', 'of the parts'],
      rtol: 1e-11,
    },
    [...leaves, ...batch],
    (xs) => grad(on(xs.slice(leaves.length)))(xs.slice(0, leaves.length)),
    (xs) => {
      const [list, examples] = [xs.slice(0, leaves.length), xs.slice(leaves.length)]
      let start = 0
      const parts = sizes.map((n) => {
        const part = grad(on(rows(examples, start, start + n)))(list)
        start += n
        return part.map((g) => mul(g, n / total))
      })
      return parts.reduce((sums, part) => sums.map((g, i) => add(g, part[i] ?? g)))
    },
  )
}

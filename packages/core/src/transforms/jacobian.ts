/*
 * jacfwd : f -> J, column by column: J e_j by jvp, all columns at once by vmap
 * jacrev : f -> J, row by row: e_iᵀ J by vjp, all rows at once by vmap
 *
 * Forwards costs as many passes as there are inputs, backwards as many as there are outputs.
 */
import { type Aval, isFloating, printAval } from '../aval.js'
import { DTypeError } from '../errors.js'
import { moveAxis, reshape, zerosLike } from '../primitives/broadcast.js'
import { eye } from '../primitives/matrix.js'
import { leafPaths, type TreeDef, treeUnflatten } from '../pytree.js'
import type { Tensor } from '../tensor.js'
import type { AnyFunction } from '../trace/trace.js'
import { type Argument, type Chosen, choose, type GradOptions } from './argument.js'
import { jvpIR } from './jvp.js'
import { linearizeTraced, type TracedCall, traceFloating } from './linearize.js'
import { pull } from './vjp.js'
import { vmap } from './vmap.js'

/** A tree of results whose leaves are trees like the arguments: the leaf of y and x has shape [...y, ...x]. */
export type Jacobian<R, X> = R extends Tensor | number
  ? X
  : R extends null | undefined
    ? R
    : { readonly [K in keyof R]: Jacobian<R[K], X> }

/** Applies a function of tensors like `x` to every basis vector; the results have the basis in front, [size of x]. */
const onBasis = (x: Aval, f: (unit: Tensor) => readonly Tensor[]): readonly Tensor[] => {
  const size = x.shape.reduce((product, n) => product * n, 1)
  const basis = reshape(eye(size, x.dtype), [size, ...x.shape])
  // one vector needs no batch axis
  return size === 1 ? f(reshape(basis, x.shape)).map((y) => reshape(y, [1, ...y.shape])) : vmap(f)(basis)
}

const checkResults = (op: string, out: TreeDef, avals: readonly Aval[]): void => {
  for (const [i, y] of avals.entries()) {
    if (isFloating(y.dtype)) continue
    throw new DTypeError({
      op,
      expected: 'every result of the function must be floating.',
      received: `result${leafPaths(out)[i] ?? ''} ${printAval(y)}`,
      todo: 'return whole numbers from another function: they have no slope',
    })
  }
}

/** Per leaf of the result, per leaf of the arguments. */
type Blocks = readonly (readonly Tensor[])[]

/** `J e_j` for all j: blocks by columns. */
export const columnBlocks = ({ ir, captured, leaves }: TracedCall): Blocks => {
  const outputs = ir.outputs.map((atom) => atom.aval)
  const columns = leaves.map((x, j) =>
    onBasis(x.aval, (unit) => {
      const duals = jvpIR(ir, [
        ...captured.map((primal) => ({ primal, tangent: null })),
        ...leaves.map((primal, i) => ({ primal, tangent: i === j ? unit : null })),
      ])
      return duals.map(({ primal, tangent }) => tangent ?? zerosLike(primal))
    }),
  )
  return outputs.map(({ shape }, i) =>
    columns.flatMap((ys, j) => {
      const y = ys[i]
      return y === undefined ? [] : [reshape(moveAxis(y, 0, y.rank - 1), [...shape, ...(leaves[j]?.shape ?? [])])]
    }),
  )
}

/** `e_iᵀ J` for all i: blocks by rows. */
export const rowBlocks = (traced: TracedCall): Blocks => {
  const { results, linear } = linearizeTraced(traced)
  return results.map((y, i) => {
    const rows = onBasis(y.aval, (unit) =>
      pull(
        linear,
        results.map((_, r) => (r === i ? unit : null)),
      ),
    )
    return rows.map((row) => reshape(row, [...y.shape, ...row.shape.slice(1)]))
  })
}

/** Blocks as a tree of the results, each a tree of the arguments as the caller asked for them. */
export const jacobianTree = ({ out, def }: TracedCall, { asAsked }: Chosen, blocks: Blocks): unknown =>
  treeUnflatten(
    out,
    blocks.map((block) => asAsked(treeUnflatten<readonly unknown[]>(def, block))),
  )

/** Traces a function for its Jacobian in the chosen arguments. */
export const traceChosen = (op: string, { f, args, places }: Chosen): TracedCall => {
  const traced = traceFloating(op, f, args, places)
  checkResults(
    op,
    traced.out,
    traced.ir.outputs.map((atom) => atom.aval),
  )
  return traced
}

/**
 * The Jacobian of a function, column by column (forward mode): the right choice where there are more results than
 * arguments.
 *
 * @param f a pure function of pytrees of floating tensors to such a pytree
 * @param options `argument`: which one, or a list of them
 * @returns a tree like f's result, each leaf a tree like the argument: `J[y][x]` has shape `[...y, ...x]`
 * @throws ArgumentError, DTypeError; MissingRuleError for an op without a derivative forwards
 * @example jacfwd((x) => mul(x, x))(array([1, 2])) // => [[2, 0], [0, 4]]
 */
export const jacfwd =
  <A extends readonly unknown[], R, const O extends GradOptions = Record<never, never>>(
    f: (...args: A) => R,
    options?: O,
  ): ((...args: A) => Jacobian<R, Argument<A, O>>) =>
  (...args) => {
    const chosen = choose('jacfwd', f as AnyFunction, args, options?.argument)
    const traced = traceChosen('jacfwd', chosen)
    return jacobianTree(traced, chosen, columnBlocks(traced)) as Jacobian<R, Argument<A, O>>
  }

/**
 * The Jacobian of a function, row by row (reverse mode): the right choice where there are more arguments than results.
 *
 * @param f a pure function of pytrees of floating tensors to such a pytree
 * @param options `argument`: which one, or a list of them
 * @returns a tree like f's result, each leaf a tree like the argument: `J[y][x]` has shape `[...y, ...x]`
 * @throws ArgumentError, DTypeError; MissingRuleError for an op without a derivative backwards
 * @example jacrev((x, y) => mul(x, y), { argument: [0, 1] })(scalar(3), scalar(5)) // => [5, 3]
 */
export const jacrev =
  <A extends readonly unknown[], R, const O extends GradOptions = Record<never, never>>(
    f: (...args: A) => R,
    options?: O,
  ): ((...args: A) => Jacobian<R, Argument<A, O>>) =>
  (...args) => {
    const chosen = choose('jacrev', f as AnyFunction, args, options?.argument)
    const traced = traceChosen('jacrev', chosen)
    return jacobianTree(traced, chosen, rowBlocks(traced)) as Jacobian<R, Argument<A, O>>
  }

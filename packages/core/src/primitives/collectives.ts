/*
 * Sums and means over a batch axis that vmap gave a name, from inside of the function that is mapped. They are gone
 * when vmap is: it turns each into an operation on the batch axis. Letters: x primal, dx tangent, ct cotangent.
 *
 * A collective takes the values of all examples, so a derivative inside of vmap is that of the sum of all examples'
 * results: vmap(grad(f)) = grad of x -> sum(vmap(f)(x)). The transpose of a sum over all examples, given to each of
 * them, is the same sum again.
 */
import { aval } from '../aval.js'
import { AxisError } from '../errors.js'
import { treeMap } from '../pytree.js'
import { literal, type Tensor } from '../tensor.js'
import { axesInScope, type NamedAxis } from '../trace/axisScope.js'
import { bind1 } from '../trace/bind.js'
import { div, mul } from './arithmetic.js'
import { reduceSum } from './broadcast.js'
import { checkKind } from './elementwise.js'
import { dataAttrs, definePrimitive, notDifferentiable, notLinear, type Primitive } from './primitive.js'
import { iota } from './sequence.js'

export interface AxisAttrs {
  readonly axisName: string
}

/** The axis of that name, the innermost where there are several. */
const axisOf = (op: string, axisName: string): NamedAxis => {
  const scope = axesInScope()
  const found = scope.findLast(({ name }) => name === axisName)
  if (found === undefined) throw notInScope(op, axisName, scope)
  return found
}

const notInScope = (op: string, axisName: string, scope: readonly NamedAxis[]): AxisError =>
  new AxisError({
    op,
    expected: 'the axis must be one that a vmap around the call has given a name.',
    received: `axis '${axisName}'; in scope: ${scope.map(({ name, size }) => `'${name}' of length ${size}`).join(', ') || 'none'}`,
    todo: `map the function with vmap(f, { axisName: '${axisName}' })`,
  })

const evaluatedAlone =
  (name: string) =>
  (_: unknown, { axisName }: AxisAttrs): never => {
    throw notInScope(name, axisName, [])
  }

// ---------------------------------------------------------------- psum

export const psumPrimitive: Primitive<AxisAttrs> = definePrimitive({
  name: 'psum',
  arity: 1,
  attrs: dataAttrs<AxisAttrs>('axisName'),
  abstractEval: ([x]) => x,
  evaluate: evaluatedAlone('psum'),
  jvp: [(dx, _x, _y, attrs) => bind1(psumPrimitive, [dx], attrs)],
  transpose: [(ct, _x, attrs) => bind1(psumPrimitive, [ct], attrs)],
  // over its own axis the sum is the same for all examples, and has no batch axis
  batch: ([x], [mapped], attrs, size, axisName) =>
    axisName !== attrs.axisName
      ? bind1(psumPrimitive, [x], attrs)
      : mapped
        ? reduceSum(x, [0])
        : mul(x, literal(size, x.dtype)),
  properties: { axisNames: ({ axisName }) => [axisName] },
})

/** What `psum` and `pmean` give: a bare number comes back as a tensor. */
export type Summed<T> = T extends number ? Tensor : T

const overAxes = <T>(
  op: string,
  tree: T,
  names: string | readonly string[],
  each: (x: Tensor, axis: NamedAxis) => Tensor,
): Summed<T> => {
  const axes = [names].flat().map((name) => axisOf(op, name))
  return treeMap((x) => {
    checkKind(op, 'numeric', x)
    return axes.reduce(each, x)
  }, tree) as Summed<T> // border: a tree of the same structure
}

const summed = (x: Tensor, { name }: NamedAxis): Tensor => bind1(psumPrimitive, [x], { axisName: name })

/**
 * The sum over all examples of a batch, inside of the function that vmap maps: `y = Σ_i x_i`, the same for each.
 *
 * @param tree a pytree of numeric tensors of any shape
 * @param axisName the name that a vmap around the call has given its batch axis, or several
 * @returns the tree with every leaf summed, of the same shapes
 * @throws AxisError where no vmap around the call has that name; DTypeError for bool
 * @example vmap((x) => div(x, psum(x, 'batch')), { axisName: 'batch' })(array([1, 3])) // => [0.25, 0.75]
 */
export const psum = <T>(tree: T, axisName: string | readonly string[]): Summed<T> =>
  overAxes('psum', tree, axisName, summed)

/**
 * The mean over all examples of a batch, inside of the function that vmap maps: `y = (1/n) Σ_i x_i`, the same for each.
 *
 * @param tree a pytree of floating tensors of any shape
 * @param axisName the name that a vmap around the call has given its batch axis, or several
 * @throws AxisError where no vmap around the call has that name; DTypeError for integers
 * @example vmap((x) => sub(x, pmean(x, 'batch')), { axisName: 'batch' })(array([1, 3])) // => [-1, 1]
 */
export const pmean = <T>(tree: T, axisName: string | readonly string[]): Summed<T> =>
  overAxes('pmean', tree, axisName, (x, axis) => {
    checkKind('pmean', 'floating', x)
    return div(summed(x, axis), axis.size)
  })

// ---------------------------------------------------------------- axisIndex

export const axisIndexPrimitive: Primitive<AxisAttrs> = definePrimitive({
  name: 'axisIndex',
  arity: 'variadic',
  attrs: dataAttrs<AxisAttrs>('axisName'),
  abstractEval: () => aval([], 'i32'),
  evaluate: evaluatedAlone('axisIndex'),
  jvp: notDifferentiable('it has no operands'),
  transpose: notLinear,
  // asked for its own axis only: it has no operand that another could map
  batch: (_operands, _mapped, _attrs, size) => iota(size),
  properties: { axisNames: ({ axisName }) => [axisName] },
})

/**
 * The place of the example in its batch, inside of the function that vmap maps: 0, 1, ..., n - 1. A scalar of i32.
 *
 * @throws AxisError where no vmap around the call has that name
 * @example vmap((x) => mul(x, cast(axisIndex('batch'), 'f32')), { axisName: 'batch' })(array([5, 5])) // => [0, 5]
 */
export const axisIndex = (axisName: string): Tensor =>
  bind1(axisIndexPrimitive, [], { axisName: axisOf('axisIndex', axisName).name })

/**
 * The number of examples in a batch, inside of the function that vmap maps. Shapes are known while a function is traced,
 * so it is a plain number.
 *
 * @throws AxisError where no vmap around the call has that name
 * @example vmap((x) => mul(x, axisSize('batch')), { axisName: 'batch' })(array([1, 2, 3])) // => [3, 6, 9]
 */
export const axisSize = (axisName: string): number => axisOf('axisSize', axisName).size

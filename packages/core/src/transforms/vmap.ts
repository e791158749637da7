/*
 * vmap : (f, axes) -> f applied to each slice, results stacked
 *
 * What flows: a value, and whether it has the batch axis, which inside is always the first one.
 */
import { printAval } from '../aval.js'
import { ArgumentError, MissingRuleError, ShapeError } from '../errors.js'
import { axisNamesOf } from '../ir/axisNames.js'
import type { Equation, IR } from '../ir/ir.js'
import { axisLength, normalAxis } from '../primitives/axes.js'
import { broadcastTo, moveAxis } from '../primitives/broadcast.js'
import { leafCount, leafPaths, printTree, type TreeDef, treeFlatten, treeUnflatten } from '../pytree.js'
import type { Tensor } from '../tensor.js'
import { withAxis } from '../trace/axisScope.js'
import { bind } from '../trace/bind.js'
import { overEquations, placeHere } from '../trace/origin.js'
import { type AnyFunction, type Traced, traceTree } from '../trace/trace.js'
import { Environment } from './interpret.js'

export interface Mapped {
  readonly value: Tensor
  readonly mapped: boolean
}

const batchEquation = (
  equation: Equation,
  operands: readonly Mapped[],
  size: number,
  axisName: string | null,
): readonly Mapped[] => {
  const { primitive, attrs, results } = equation
  const values = operands.map((x) => x.value)
  // what asks for the axis by name depends on it, whatever its operands
  const named = axisName !== null && axisNamesOf(equation).has(axisName)
  if (!named && operands.every((x) => !x.mapped)) {
    return bind(primitive, values, attrs).map((value) => ({ value, mapped: false }))
  }
  const batched = primitive.batch(
    values,
    operands.map((x) => x.mapped),
    attrs,
    size,
    axisName,
  )
  if ('reason' in batched) {
    throw new MissingRuleError({
      op: primitive.name,
      expected: 'vmap passes only through operations that have a batching rule.',
      received: `${primitive.name}${placeHere()}: ${batched.reason}`,
      todo: 'call it outside of vmap',
    })
  }
  // a result that is the same for all examples has no batch axis (psum)
  return batched.map((value, i) => ({ value, mapped: value.rank > (results[i]?.aval.shape.length ?? 0) }))
}

/** Runs a program on values of which some have a batch axis in front. */
export const batchIR = (
  ir: IR,
  inputs: readonly Mapped[],
  size: number,
  axisName: string | null,
): readonly Mapped[] => {
  const env = new Environment<Mapped>((value) => ({ value, mapped: false }))
  env.set(ir.inputs, inputs)
  overEquations(ir.equations, (equation) => {
    const operands = equation.inputs.map((atom) => env.get(atom))
    env.set(equation.results, batchEquation(equation, operands, size, axisName))
  })
  return ir.outputs.map((atom) => env.get(atom))
}

/** With the batch axis in front: of `size` copies, if it is not mapped. */
export const spread = ({ value, mapped }: Mapped, size: number): Tensor =>
  mapped ? value : broadcastTo(value, [size, ...value.shape])

/** An axis for all leaves below, `null` for not mapped, or a tree of them along the pytree's own structure. */
export type MapAxes = number | null | readonly MapAxes[] | { readonly [key: string]: MapAxes }

/** Axes of the arguments of `vmap`. */
export type InAxes = MapAxes

/** Where the batch axis is, before and after, and what it is called. */
export interface VmapOptions {
  /** Per argument, which axis is mapped; 0 everywhere by default. A key left out of an object is not mapped. */
  readonly inAxes?: MapAxes
  /**
   * Where the batch axis goes in each result; 0 everywhere by default. `null` says that a result is the same for all
   * examples and comes back without the axis; a key left out of an object says so too.
   */
  readonly outAxes?: MapAxes
  /** A name for the batch axis, for `psum`, `pmean`, `axisIndex` and `axisSize` inside of the function. */
  readonly axisName?: string
  /** Length of the batch axis; needed only where no argument has it. */
  readonly axisSize?: number
}

/** Spreads a prefix tree of axes over the leaves of a structure. */
const axesOf = (option: 'inAxes' | 'outAxes', axes: MapAxes, def: TreeDef): readonly (number | null)[] => {
  if (typeof axes === 'number' || axes === null) return new Array<number | null>(leafCount(def)).fill(axes)
  const mismatch = new ArgumentError({
    op: 'vmap',
    expected: `${option} must be a number, null, or follow the structure of the ${option === 'inAxes' ? 'arguments' : 'result'}.`,
    received: `${option} ${JSON.stringify(axes)} for ${printTree(def)}`,
    todo:
      option === 'inAxes' ? 'give one entry per argument, or one for all' : 'give one entry per part, or one for all',
  })
  if (def.kind === 'array' && Array.isArray(axes)) {
    const list: readonly MapAxes[] = axes
    if (list.length !== def.items.length) throw mismatch
    return def.items.flatMap((item, i) => axesOf(option, list[i] ?? null, item))
  }
  if (def.kind === 'object' && !Array.isArray(axes)) {
    const table = axes as { readonly [key: string]: MapAxes }
    if (Object.keys(table).some((key) => !def.keys.includes(key))) throw mismatch
    return def.items.flatMap((item, i) => axesOf(option, table[def.keys[i] ?? ''] ?? null, item))
  }
  throw mismatch
}

/** How many leaves a message shows. */
const most = 8

/** The length that all mapped axes have. */
const batchSize = (
  leaves: readonly Tensor[],
  def: TreeDef,
  axes: readonly (number | null)[],
  given: number | undefined,
): number => {
  const lengths = leaves.flatMap((x, i) => {
    const axis = axes[i] ?? null
    return axis === null ? [] : [axisLength(x.shape, normalAxis('vmap', x.aval, axis))]
  })
  const [size, ...others] = new Set(given === undefined ? lengths : [given, ...lengths])
  if (size !== undefined && others.length === 0) return size
  const paths = leafPaths(def)
  const all = leaves.map((x, i) => `args${paths[i] ?? ''} ${printAval(x.aval)} axis ${axes[i]}`)
  const shown = lengths.length === 0 ? all : all.filter((_, i) => axes[i] !== null)
  throw new ShapeError({
    op: 'vmap',
    expected: 'at least one argument must be mapped, and all mapped axes must have the same length.',
    received: [
      ...shown.slice(0, most),
      ...(shown.length > most ? [`and ${shown.length - most} more`] : []),
      ...(given === undefined ? [] : [`axisSize ${given}`]),
    ].join(', '),
    todo: 'set inAxes to null for arguments shared by all examples; give axisSize if all are',
  })
}

/** A result with its batch axis where it is wanted. */
const placed = (y: Mapped, axis: number | null, size: number, path: string): Tensor => {
  if (axis !== null) {
    const each = spread(y, size)
    return moveAxis(each, 0, normalAxis('vmap', each.aval, axis))
  }
  if (!y.mapped) return y.value
  throw new ArgumentError({
    op: 'vmap',
    expected: 'a result whose outAxes is null must be the same for all examples.',
    received: `result${path} ${printAval({ shape: y.value.shape.slice(1), dtype: y.value.dtype })}, which depends on mapped arguments`,
    todo: 'sum it over the batch with psum or pmean, or say in outAxes where its batch axis goes',
  })
}

/**
 * Turns a function of one example into one of a batch.
 *
 * @param f a pure function of pytrees
 * @param options `inAxes` and `outAxes` (trees of axes, `null` for what all examples share), `axisName`, `axisSize`
 * @returns takes arguments with a batch axis where `inAxes` says so; its results have one where `outAxes` says so
 * @throws ShapeError if the batch axes differ in length; AxisError for an axis that is not there; ArgumentError for axes
 * that do not follow the structure, and for a result that differs between examples where `outAxes` is null
 * @example vmap((x, y) => sum(mul(x, y)))(array([[1, 2], [3, 4]]), array([[1, 1], [1, 1]])) // => [3, 7]
 * @example
 * const total = vmap((w, x) => psum(mul(w, x), 'rows'), { inAxes: [null, 0], outAxes: null, axisName: 'rows' })
 * total(scalar(2), array([1, 2, 3])) // => 12
 */
export const vmap =
  <A extends readonly unknown[], R>(f: (...args: A) => R, options: VmapOptions = {}): ((...args: A) => R) =>
  (...args) => {
    const { inAxes = 0, outAxes = 0, axisName = null } = options
    const [leaves, def] = treeFlatten(args)
    const axes = axesOf('inAxes', inAxes, def)
    const size = batchSize(leaves, def, axes, options.axisSize)
    const inputs = leaves.map((x, i): Mapped => {
      const axis = axes[i] ?? null
      return axis === null ? { value: x, mapped: false } : { value: moveAxis(x, axis, 0), mapped: true }
    })
    const avals = inputs.map(({ value: { shape, dtype }, mapped }) => ({
      shape: mapped ? shape.slice(1) : shape,
      dtype,
    }))
    const traced = (): Traced => traceTree('vmap', f as AnyFunction, def, avals)
    const { ir, captured, out } = axisName === null ? traced() : withAxis({ name: axisName, size }, traced)
    const given = [...captured.map((value) => ({ value, mapped: false })), ...inputs]
    const places = axesOf('outAxes', outAxes, out)
    const paths = leafPaths(out)
    return treeUnflatten<R>(
      out,
      batchIR(ir, given, size, axisName).map((y, i) => placed(y, places[i] ?? null, size, paths[i] ?? '')),
    )
  }

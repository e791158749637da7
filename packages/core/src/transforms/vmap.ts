/*
 * vmap : (f, axes) -> f applied to each slice, results stacked
 *
 * What flows: a value, and whether it has the batch axis, which inside is always the first one.
 */
import { printAval } from '../aval.js'
import { ArgumentError, MissingRuleError, ShapeError } from '../errors.js'
import type { IR } from '../ir/ir.js'
import { normalAxis } from '../primitives/axes.js'
import { broadcastTo, moveAxis } from '../primitives/broadcast.js'
import type { AnyPrimitive } from '../primitives/primitive.js'
import { leafCount, type TreeDef, treeFlatten, treeUnflatten } from '../pytree.js'
import type { Tensor } from '../tensor.js'
import { bind } from '../trace/bind.js'
import { type AnyFunction, traceTree } from '../trace/trace.js'
import { Environment } from './interpret.js'

export interface Mapped {
  readonly value: Tensor
  readonly mapped: boolean
}

const batchEquation = (
  primitive: AnyPrimitive,
  operands: readonly Mapped[],
  attrs: unknown,
  size: number,
  axisName: string | null,
): Mapped[] => {
  const values = operands.map((x) => x.value)
  if (operands.every((x) => !x.mapped)) {
    return bind(primitive, values, attrs).map((value) => ({ value, mapped: false }))
  }
  const results = primitive.batch(
    values,
    operands.map((x) => x.mapped),
    attrs,
    size,
    axisName,
  )
  if ('reason' in results) {
    throw new MissingRuleError({
      op: primitive.name,
      expected: 'vmap passes only through operations that have a batching rule.',
      received: `${primitive.name}: ${results.reason}`,
      todo: 'call it outside of vmap',
    })
  }
  return results.map((value) => ({ value, mapped: true }))
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
  for (const { primitive, inputs: atoms, attrs, results } of ir.equations) {
    env.set(
      results,
      batchEquation(
        primitive,
        atoms.map((atom) => env.get(atom)),
        attrs,
        size,
        axisName,
      ),
    )
  }
  return ir.outputs.map((atom) => env.get(atom))
}

/** An axis for all leaves below, `null` for not mapped, or a tree of them along the argument's own. */
export type InAxes = number | null | readonly InAxes[] | { readonly [key: string]: InAxes }

/** Where the batch axis is, before and after. */
export interface VmapOptions {
  /** Per argument, which axis is mapped; 0 everywhere by default. A key left out of an object is not mapped. */
  readonly inAxes?: InAxes
  /** Where the batch axis goes in every result; 0 by default. */
  readonly outAxes?: number
}

/** Spreads a prefix tree of axes over the leaves of a structure. */
const axesOf = (axes: InAxes, def: TreeDef): (number | null)[] => {
  if (typeof axes === 'number' || axes === null) return new Array<number | null>(leafCount(def)).fill(axes)
  const mismatch = new ArgumentError({
    op: 'vmap',
    expected: 'inAxes must be a number, null, or follow the structure of the arguments.',
    received: JSON.stringify(axes),
    todo: 'give one entry per argument, or one for all',
  })
  if (def.kind === 'array' && Array.isArray(axes)) {
    const list: readonly InAxes[] = axes
    if (list.length !== def.items.length) throw mismatch
    return def.items.flatMap((item, i) => axesOf(list[i] ?? null, item))
  }
  if (def.kind === 'object' && !Array.isArray(axes)) {
    const table = axes as { readonly [key: string]: InAxes }
    if (Object.keys(table).some((key) => !def.keys.includes(key))) throw mismatch
    return def.items.flatMap((item, i) => axesOf(table[def.keys[i] ?? ''] ?? null, item))
  }
  throw mismatch
}

/**
 * Turns a function of one example into one of a batch.
 *
 * @param f a pure function of pytrees
 * @returns takes arguments with a batch axis where `inAxes` says so; every result has it at `outAxes`
 * @throws ShapeError if the batch axes differ in length, ArgumentError
 * @example vmap((x, y) => sum(mul(x, y)))(array([[1, 2], [3, 4]]), array([[1, 1], [1, 1]])) // => [3, 7]
 */
export const vmap =
  <A extends readonly unknown[], R>(f: (...args: A) => R, options: VmapOptions = {}): ((...args: A) => R) =>
  (...args) => {
    const [leaves, def] = treeFlatten(args)
    const axes = axesOf(options.inAxes === undefined ? 0 : options.inAxes, def)
    const inputs = leaves.map((x, i): Mapped => {
      const axis = axes[i] ?? null
      if (axis === null) return { value: x, mapped: false }
      return { value: moveAxis(x, normalAxis('vmap', x.aval, axis), 0), mapped: true }
    })
    const sizes = new Set(inputs.flatMap(({ value, mapped }) => (mapped ? [value.shape[0] ?? 0] : [])))
    const [size, ...others] = sizes
    if (size === undefined || others.length > 0) {
      throw new ShapeError({
        op: 'vmap',
        expected: 'at least one argument must be mapped, and all mapped axes must have the same length.',
        received: leaves.map((x, i) => `${printAval(x.aval)} axis ${axes[i]}`).join(', '),
        todo: 'set inAxes to null for arguments shared by all examples',
      })
    }
    const { ir, captured, out } = traceTree(
      'vmap',
      f as AnyFunction,
      def,
      inputs.map(({ value, mapped }) => (mapped ? { shape: value.shape.slice(1), dtype: value.dtype } : value.aval)),
    )
    const results = batchIR(ir, [...captured.map((value) => ({ value, mapped: false })), ...inputs], size, null)
    return treeUnflatten<R>(
      out,
      results.map(({ value, mapped }) => {
        const each = mapped ? value : broadcastTo(value, [size, ...value.shape])
        return moveAxis(each, 0, normalAxis('vmap', each.aval, options.outAxes ?? 0))
      }),
    )
  }

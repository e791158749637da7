/*
 * jvp : (f, x, dx) -> (f(x), df(x)·dx)
 *
 * Source: Radul et al., "You Only Linearize Once" (2023); the rules are the records'.
 * What flows: a primal with its tangent; `null` is a symbolic zero, so that a constant costs nothing.
 */
import { isFloating, printAval, sameAval } from '../aval.js'
import { ArgumentError, MissingRuleError } from '../errors.js'
import type { IR } from '../ir/ir.js'
import { add } from '../primitives/arithmetic.js'
import { zerosLike } from '../primitives/broadcast.js'
import { type AnyPrimitive, type NoRule, zeroTangent } from '../primitives/primitive.js'
import { leafPaths, sameTree, type TreeDef, treeFlatten, treesDiffer, treeUnflatten } from '../pytree.js'
import type { Tensor } from '../tensor.js'
import { bind } from '../trace/bind.js'
import { inPass, overEquations, placeHere } from '../trace/origin.js'
import { type AnyFunction, trace } from '../trace/trace.js'
import { Environment } from './interpret.js'

export interface Dual {
  readonly primal: Tensor
  readonly tangent: Tensor | null
}

const noDerivative = (primitive: AnyPrimitive, { reason }: NoRule): MissingRuleError =>
  new MissingRuleError({
    op: primitive.name,
    expected: 'a derivative passes only through operations that have one.',
    received: `${primitive.name}${placeHere()}: ${reason}`,
    todo: 'wrap the operand in stopGradient(), or give the function a customVjp',
  })

const addTangents = (a: Tensor | null, b: Tensor | null): Tensor | null => (a === null ? b : b === null ? a : add(a, b))

/**
 * One equation: the primal results, and the sum over operands of J_i dx_i.
 *
 * @param known the primal results, where they need not be computed again
 */
const jvpEquation = (
  primitive: AnyPrimitive,
  operands: readonly Dual[],
  attrs: unknown,
  known: readonly Tensor[] | null,
): readonly Dual[] => {
  const primals = operands.map((x) => x.primal)
  if (operands.every((x) => x.tangent === null)) {
    return (known ?? bind(primitive, primals, attrs)).map((primal) => ({ primal, tangent: null }))
  }
  if (primitive.jointJvp !== null) {
    const { primals: values, tangents } = primitive.jointJvp.apply(
      primals,
      operands.map((x) => x.tangent),
      attrs,
    )
    return values.map((primal, i) => ({ primal: known?.[i] ?? primal, tangent: tangents[i] ?? null }))
  }
  const results = known ?? bind(primitive, primals, attrs)
  const [first, ...more] = results
  if (first === undefined) return []
  let tangents: readonly (Tensor | null)[] = results.map(() => null)
  for (const [index, { tangent }] of operands.entries()) {
    if (tangent === null) continue
    const rule = primitive.jvp(index)
    if (rule === zeroTangent) continue
    if (typeof rule !== 'function') throw noDerivative(primitive, rule)
    tangents = inPass('derivative', primitive.name, () => {
      const part = rule(tangent, primals, [first, ...more], attrs, index)
      const parts: readonly (Tensor | null)[] = 'aval' in part ? [part] : part
      return tangents.map((sum, i) => addTangents(sum, parts[i] ?? null))
    })
  }
  return results.map((primal, i) => ({ primal, tangent: tangents[i] ?? null }))
}

/**
 * Runs a program on values with tangents.
 *
 * @param known values of variables, by their ids, that are taken instead of being computed again
 */
export const jvpIR = (
  ir: IR,
  inputs: readonly Dual[],
  known: ReadonlyMap<number, Tensor> = new Map(),
): readonly Dual[] => {
  const env = new Environment<Dual>((primal) => ({ primal, tangent: null }))
  env.set(ir.inputs, inputs)
  overEquations(ir.equations, ({ primitive, inputs: atoms, attrs, results }) => {
    const values = results.flatMap((v) => known.get(v.id) ?? [])
    const operands = atoms.map((atom) => env.get(atom))
    env.set(results, jvpEquation(primitive, operands, attrs, values.length === results.length ? values : null))
  })
  return ir.outputs.map((atom) => env.get(atom))
}

/** Each tangent has the aval of its primal, which is floating. */
export const checkTangents = (
  op: string,
  def: TreeDef,
  primals: readonly Tensor[],
  tangents: readonly Tensor[],
): void => {
  for (const [i, x] of primals.entries()) {
    const dx = tangents[i]
    if (dx === undefined || !sameAval(x.aval, dx.aval) || !isFloating(x.dtype)) {
      throw new ArgumentError({
        op,
        expected: 'each tangent must have the shape and floating dtype of its primal.',
        received: `primals${leafPaths(def)[i] ?? ''} ${printAval(x.aval)}, its tangent ${dx === undefined ? 'missing' : printAval(dx.aval)}`,
        todo: 'broadcast or cast the tangent; close over arguments that are not differentiated',
      })
    }
  }
}

/**
 * The value of f and its directional derivative: `[f(...primals), df(...primals)·tangents]`.
 *
 * @param f a pure function of pytrees
 * @param primals the arguments
 * @param tangents the direction, of the same structure and avals
 * @throws ArgumentError, TreeMismatchError; MissingRuleError for an op without a derivative
 * @example jvp((x) => mul(x, x), [scalar(3)], [scalar(1)]) // => [9, 6]
 */
export const jvp = <A extends readonly unknown[], R>(
  f: (...args: A) => R,
  primals: A,
  tangents: A,
): readonly [R, R] => {
  const [x, def] = treeFlatten(primals)
  const [dx, tangentDef] = treeFlatten(tangents)
  if (!sameTree(def, tangentDef)) throw treesDiffer('jvp', def, tangentDef)
  checkTangents('jvp', def, x, dx)
  const { ir, captured, out } = trace('jvp', f as AnyFunction, primals)
  const results = jvpIR(ir, [
    ...captured.map((primal) => ({ primal, tangent: null })),
    ...x.map((primal, i) => ({ primal, tangent: dx[i] ?? null })),
  ])
  return [
    treeUnflatten<R>(
      out,
      results.map((d) => d.primal),
    ),
    treeUnflatten<R>(
      out,
      results.map((d) => d.tangent ?? zerosLike(d.primal)),
    ),
  ]
}

/*
 * checkpoint : f -> f, whose derivative backwards computes f again instead of keeping what it computed
 *
 * Forwards, f is one equation. Its tangents are another one that holds `(x, saved, dx) -> df(x)·dx` as a program and
 * keeps its operands only. Transposing that one runs what does not depend on dx, behind a barrier, and pulls the
 * cotangents back: this is the second forward pass.
 *
 * Source: Griewank and Walther, "Evaluating Derivatives" (2008), chapter 12; Chen et al., arXiv 1604.06174.
 */
import { type Aval, sizeOf } from '../aval.js'
import type { Equation, IR, Var } from '../ir/ir.js'
import { inlinePlainCalls } from '../ir/passes.js'
import { barrier } from '../primitives/barrier.js'
import { dataAttrs, definePrimitive, type Primitive } from '../primitives/primitive.js'
import { treeFlatten, treeUnflatten } from '../pytree.js'
import type { Tensor } from '../tensor.js'
import { bind } from '../trace/bind.js'
import { type AnyFunction, trace } from '../trace/trace.js'
import { Tracer, withBuilder } from '../trace/tracer.js'
import { avalsOf, batchProgram, chosen, closedProgram, type Flags, merged, type Transformed } from './heldPrograms.js'
import { runIR } from './interpret.js'
import { jvpIR } from './jvp.js'
import { transposeIR } from './transpose.js'

/** An operation of the function under a checkpoint, as a policy sees it. */
export interface CheckpointedOperation {
  /** Name of the primitive. */
  readonly name: string
  readonly results: readonly Aval[]
  /** Floating-point operations of one evaluation. */
  readonly flops: number
  /** Whether it is a contraction (a matrix product). */
  readonly contraction: boolean
}

/** Whether the results of an operation are kept for the backward pass; the others are computed again. */
export type CheckpointPolicy = (operation: CheckpointedOperation) => boolean

/**
 * Keeps the arguments only: the least memory, one more forward pass.
 *
 * @example grad(checkpoint((x) => sin(sin(x)), { policy: saveNothing }))(scalar(0)) // => 1
 */
export const saveNothing: CheckpointPolicy = () => false

/**
 * Keeps the results of matrix products, and computes what is cheap again.
 *
 * @example grad(checkpoint((w) => sum(matmul(w, w)), { policy: saveContractions }))(eye(2)) // => [[2, 2], [2, 2]]
 */
export const saveContractions: CheckpointPolicy = ({ contraction }) => contraction

/**
 * Keeps everything, as if there were no checkpoint.
 *
 * @example grad(checkpoint((x) => sin(sin(x)), { policy: saveEverything }))(scalar(0)) // => 1
 */
export const saveEverything: CheckpointPolicy = () => true

export interface CheckpointAttrs {
  /** `x -> y, saved` */
  readonly ir: IR
  /** How many of the last results are there to be kept for the backward pass. */
  readonly saved: number
}

/** `(x, saved, dx of the active) -> (dy, d saved)`, those that have one */
const tangentProgram = ({ ir, saved }: CheckpointAttrs, active: Flags): Transformed => {
  let outputs: Flags = []
  const kept = ir.outputs.slice(ir.outputs.length - saved)
  const avals = avalsOf(ir.inputs)
  const program = closedProgram([...avals, ...avalsOf(kept), ...chosen(avals, active)], (leaves) => {
    const given = new Map<number, Tensor>()
    for (const [i, atom] of kept.entries()) {
      const value = leaves[avals.length + i]
      if (atom.kind === 'var' && value !== undefined) given.set(atom.id, value)
    }
    const none = avals.map(() => null)
    const tangents = merged<Tensor | null>(active, leaves.slice(avals.length + saved), none)
    const duals = jvpIR(
      ir,
      leaves.slice(0, avals.length).map((primal, i) => ({ primal, tangent: tangents[i] ?? null })),
      given,
    )
    outputs = duals.map(({ tangent }) => tangent !== null)
    return duals.flatMap(({ tangent }) => tangent ?? [])
  })
  return { ir: program, outputs }
}

export const checkpointPrimitive: Primitive<CheckpointAttrs> = definePrimitive({
  name: 'checkpoint',
  arity: 'variadic',
  attrs: dataAttrs<CheckpointAttrs>('saved', 'ir'),
  abstractEval: (_, { ir }) => avalsOf(ir.outputs),
  evaluate: (operands, { ir }, results, run) => {
    for (const [i, { data }] of run(ir, operands).entries()) results[i]?.data.set(data)
  },

  jvp: {
    kind: 'joint',
    apply: (primals, tangents, attrs) => {
      const results = bind(checkpointPrimitive, primals, attrs)
      const active = tangents.map((dx) => dx !== null)
      const { ir, outputs } = tangentProgram(attrs, active)
      const kept = results.slice(results.length - attrs.saved)
      const moved = bind(checkpointPrimitive, [...primals, ...kept, ...tangents.flatMap((dx) => dx ?? [])], {
        ir,
        saved: 0,
      })
      const none = outputs.map(() => null)
      return { primals: results, tangents: merged<Tensor | null>(outputs, moved, none) }
    },
  },

  // the second forward pass: what does not depend on the linear operands is computed now, from nothing but the operands
  transpose: {
    kind: 'joint',
    apply: (cts, operands, linear, { ir }) =>
      withBuilder(false, (builder) => {
        const inputs = operands.map((x, i) => (linear[i] ? builder.input(x.aval) : barrier(x)))
        const results = runIR(ir, inputs)
        const isLinear = results.map((y) => y instanceof Tracer && y.builder === builder)
        const { ir: rest, captured } = builder.finish(chosen(results, isLinear))
        const parts = transposeIR(rest, captured, chosen(cts, isLinear))
        const none = linear.map(() => null)
        return merged(linear, parts, none)
      }),
  },

  batch: (operands, mapped, { ir, saved }, size, axisName) =>
    bind(checkpointPrimitive, operands, { ir: batchProgram(ir, mapped, { size, axisName }).ir, saved }),

  properties: { body: ({ ir }) => ir },
})

const describe = ({ primitive, inputs, attrs, results }: Equation): CheckpointedOperation => {
  const avals = avalsOf(results)
  const { flops, contraction } = primitive.properties
  return {
    name: primitive.name,
    results: avals,
    flops:
      flops?.call(primitive.properties, avalsOf(inputs), avals, attrs) ??
      avals.reduce((n, x) => n + sizeOf(x.shape), 0),
    contraction: contraction === true,
  }
}

/** How a checkpoint treats what its function computes. */
export interface CheckpointOptions {
  /** What is kept for the backward pass; `saveNothing` by default. */
  readonly policy?: CheckpointPolicy
}

/**
 * The same function, whose backward derivative keeps only its arguments (and what `policy` says) and computes the rest
 * again: less memory for more time. Values and derivatives are the same.
 *
 * @param f a pure function of pytrees: a layer, or the body of a scan
 * @see saveNothing, saveContractions, saveEverything
 * @example grad((x) => sum(checkpoint((y) => sin(sin(y)))(x)))(array([0, 1])) // => [1, Math.cos(Math.sin(1)) * Math.cos(1)]
 */
export const checkpoint =
  <A extends readonly unknown[], R>(
    f: (...args: A) => R,
    { policy = saveNothing }: CheckpointOptions = {},
  ): ((...args: A) => R) =>
  (...args) => {
    const [leaves] = treeFlatten(args)
    const { ir, captured, out } = trace('checkpoint', f as AnyFunction, args)
    const inlined = inlinePlainCalls(ir)
    const saved: readonly Var[] = inlined.equations.flatMap((equation) =>
      policy(describe(equation)) ? equation.results : [],
    )
    const results = bind(checkpointPrimitive, [...captured, ...leaves], {
      ir: { ...inlined, outputs: [...inlined.outputs, ...saved] },
      saved: saved.length,
    })
    return treeUnflatten<R>(out, results.slice(0, inlined.outputs.length))
  }

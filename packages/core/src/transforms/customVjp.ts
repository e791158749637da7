/*
 * customVjp : (f, forward, backward) -> f, whose derivative backwards is `backward`
 *
 * forward(...args) gives [f(...args), residuals]; backward(residuals, ct) gives the cotangents of the arguments.
 * All three are traced at the call, so that they go through every transform as data.
 */
import { type Aval, aval, isFloating, printAval } from '../aval.js'
import { MissingRuleError, TreeMismatchError } from '../errors.js'
import type { IR } from '../ir/ir.js'
import { broadcastTo, zeros, zerosLike } from '../primitives/broadcast.js'
import { dataAttrs, definePrimitive, notDifferentiable, notLinear, type Primitive } from '../primitives/primitive.js'
import { leafCount, printTree, sameTree, type TreeDef, treeFlatten, treesDiffer, treeUnflatten } from '../pytree.js'
import type { Tensor } from '../tensor.js'
import { bind } from '../trace/bind.js'
import { type AnyFunction, namedAs, trace, traceLeaves } from '../trace/trace.js'
import { runIR } from './interpret.js'
import { batchIR } from './vmap.js'

/** Operands are [captured, arguments]; the three programs take them so: */
export interface CustomAttrs {
  readonly name: string
  /** Number of captured operands; they are constants for the derivative. */
  readonly captured: number
  /** [captured, arguments] -> results */
  readonly primal: IR
  /** [captured, arguments] -> results, residuals */
  readonly forward: IR
  /** [captured, residuals, cotangents of the results] -> cotangents of the arguments */
  readonly backward: IR
}

interface LinearAttrs {
  readonly name: string
  readonly backward: IR
  /** How many operands in front are values; the rest are tangents. */
  readonly known: number
  readonly results: readonly Aval[]
}

const forwardRefused = (name: string): MissingRuleError =>
  new MissingRuleError({
    op: name,
    expected: 'a function with a customVjp has a derivative backwards only.',
    received: `forward mode (jvp, linearize) over ${name}`,
    todo: 'use vjp or grad, or give the function a customJvp instead',
  })

/** `dx -> J dx` of such a function: it can only be transposed. */
const customLinearPrimitive: Primitive<LinearAttrs> = definePrimitive({
  name: 'customLinear',
  arity: 'variadic',
  attrs: dataAttrs<LinearAttrs>('name', 'backward', 'known', 'results'),
  abstractEval: (_, { results }) => results,
  evaluate: (_, { name }) => {
    throw forwardRefused(name)
  },
  jvp: notDifferentiable('its derivative is given by customVjp'),
  transpose: {
    kind: 'joint',
    apply: (cts, operands, linear, { backward, known, results }) => {
      const filled = results.map(({ shape, dtype }, i) => cts[i] ?? zeros(shape, dtype))
      const parts = runIR(backward, [...operands.slice(0, known), ...filled])
      let next = 0
      return operands.map((_, i) => {
        if (i < known) return null
        const part = parts[next++] ?? null
        return linear[i] ? part : null
      })
    },
  },
  batch: notDifferentiable('apply vmap before the derivative'),
})

export const customVjpPrimitive: Primitive<CustomAttrs> = definePrimitive({
  name: 'customVjp',
  arity: 'variadic',
  attrs: dataAttrs<CustomAttrs>('name', 'captured', 'primal', 'forward', 'backward'),
  abstractEval: (_, { primal }) => primal.outputs.map((atom) => atom.aval),
  evaluate: (operands, { primal }, results, run) => {
    for (const [i, { data }] of run(primal, operands).entries()) results[i]?.data.set(data)
  },
  jvp: {
    kind: 'joint',
    apply: (primals, tangents, { name, captured, primal, forward, backward }) => {
      if (tangents.slice(0, captured).some((t) => t !== null)) {
        throw new MissingRuleError({
          op: name,
          expected: 'a function with a customVjp is differentiated in its arguments only.',
          received: 'a derivative with respect to a value that it closes over',
          todo: 'pass that value as an argument, or wrap it in stopGradient()',
        })
      }
      const values = runIR(forward, primals)
      const results = values.slice(0, primal.outputs.length)
      const known = [...primals.slice(0, captured), ...values.slice(primal.outputs.length)]
      const args = primals.slice(captured)
      const active = args.flatMap((x, i) => (isFloating(x.dtype) ? [tangents[captured + i] ?? zerosLike(x)] : []))
      return {
        primals: results,
        tangents: bind(customLinearPrimitive, [...known, ...active], {
          name,
          backward,
          known: known.length,
          results: results.map((y) => y.aval),
        }),
      }
    },
  },
  transpose: notLinear,
  batch: (operands, mapped, { name, captured, primal, forward, backward }, size, axisName) => {
    const each = operands.map((x, i) => (mapped[i] ? x : broadcastTo(x, [size, ...x.shape])))
    const attrs = {
      name,
      captured,
      primal: batchedIR(primal, size, axisName),
      forward: batchedIR(forward, size, axisName),
      backward: batchedIR(backward, size, axisName),
    }
    return bind(customVjpPrimitive, each, attrs)
  },
  properties: { body: ({ primal }) => primal },
})

/** The program with a batch axis in front of every input and output. */
export const batchedIR = (ir: IR, size: number, axisName: string | null): IR =>
  traceLeaves(
    ir.inputs.map((v) => aval([size, ...v.aval.shape], v.aval.dtype)),
    (tracers) =>
      batchIR(
        ir,
        tracers.map((value) => ({ value, mapped: true })),
        size,
        axisName,
      ).map(({ value, mapped }) => (mapped ? value : broadcastTo(value, [size, ...value.shape]))),
  ).ir

/** The two halves of a reverse derivative. */
export interface CustomVjpRules<A extends readonly unknown[], R, Residuals> {
  /** The value, and what the backward pass needs. */
  readonly forward: (...args: A) => readonly [R, Residuals]
  /** Cotangents of the arguments, one each; `null` for integer ones. */
  readonly backward: (residuals: Residuals, ct: R) => { readonly [I in keyof A]: A[I] | null }
}

/**
 * Gives a function a derivative of your own, backwards. Forward mode over it is refused.
 *
 * @param f the function
 * @param rules what `vjp` and `grad` use instead of f
 * @throws TreeMismatchError if the cotangents do not fit the arguments
 * @example
 * const clipped = customVjp((x) => x, {
 *   forward: (x) => [x, null],
 *   backward: (_, ct) => [minimum(maximum(ct, -1), 1)],
 * })
 */
export const customVjp = <A extends readonly unknown[], R, Residuals>(
  f: (...args: A) => R,
  rules: CustomVjpRules<A, R, Residuals>,
): ((...args: A) => R) => {
  const name = f.name === '' ? 'customVjp' : f.name
  return (...args) => {
    const [leaves] = treeFlatten(args)
    const primal = trace('customVjp', f as AnyFunction, args)
    let residualDef: TreeDef = { kind: 'none' }
    const forward = trace(
      'customVjp forward',
      namedAs(`the forward rule of ${name}`, ((...xs: A) => {
        const [y, residuals] = rules.forward(...xs)
        residualDef = treeFlatten(residuals)[1]
        return [y, residuals]
      }) as AnyFunction),
      args,
    )
    const primalCount = leafCount(primal.out)
    const results = primal.ir.outputs.map((atom) => atom.aval)
    const residuals = forward.ir.outputs.slice(primalCount).map((atom) => atom.aval)
    const backward = traceLeaves(
      [...residuals, ...results],
      (tracers) => {
        const cts = rules.backward(
          treeUnflatten<Residuals>(residualDef, tracers.slice(0, residuals.length)),
          treeUnflatten<R>(primal.out, tracers.slice(residuals.length)),
        )
        return checkedCotangents(name, args, cts)
      },
      `the backward rule of ${name} under customVjp`,
    )
    // one list of captured values for the three programs
    const captured = [...new Set([...primal.captured, ...forward.captured, ...backward.captured])]
    const attrs: CustomAttrs = {
      name,
      captured: captured.length,
      primal: withCaptured(primal.ir, primal.captured, captured),
      forward: withCaptured(forward.ir, forward.captured, captured),
      backward: withCaptured(backward.ir, backward.captured, captured),
    }
    if (!sameTree(primal.out, forwardTree(forward.out)))
      throw treesDiffer('customVjp', primal.out, forwardTree(forward.out))
    return treeUnflatten<R>(primal.out, bind(customVjpPrimitive, [...captured, ...leaves], attrs))
  }
}

const forwardTree = (out: TreeDef): TreeDef => (out.kind === 'array' ? (out.items[0] ?? out) : out)

/** Replaces a program's own captured inputs by all of a longer list. */
const withCaptured = (ir: IR, own: readonly Tensor[], all: readonly Tensor[]): IR =>
  traceLeaves([...all.map((x) => x.aval), ...ir.inputs.slice(own.length).map((v) => v.aval)], (tracers) =>
    runIR(ir, [...own.flatMap((x) => tracers[all.indexOf(x)] ?? []), ...tracers.slice(all.length)]),
  ).ir

/** The cotangents of the floating leaves of the arguments, checked leaf by leaf. */
const checkedCotangents = (name: string, args: readonly unknown[], cts: unknown): Tensor[] => {
  if (!Array.isArray(cts) || cts.length !== args.length) {
    throw new TreeMismatchError({
      op: name,
      expected: `backward must return an array of ${args.length} cotangents, one per argument.`,
      received: Array.isArray(cts) ? `an array of ${cts.length}` : typeof cts,
      todo: 'wrap a single cotangent in an array; give null for an argument without one',
    })
  }
  const given: readonly unknown[] = cts
  return args.flatMap((arg, i) => {
    const [leaves, def] = treeFlatten(arg)
    const floating = leaves.filter((x) => isFloating(x.dtype))
    const ct = given[i]
    if (ct === null || ct === undefined) return floating.map(zerosLike)
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
  })
}

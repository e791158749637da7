/*
 * customVjp : (f, forward, backward) -> f, whose derivative backwards is `backward`
 *
 * forward(...args) gives [f(...args), residuals]; backward(residuals, ct) gives the cotangents of the arguments.
 * All three are traced at the call, so that they go through every transform as data.
 */
import { type Aval, isFloating } from '../aval.js'
import { MissingRuleError } from '../errors.js'
import type { IR } from '../ir/ir.js'
import { zeros, zerosLike } from '../primitives/broadcast.js'
import { dataAttrs, definePrimitive, notDifferentiable, type Primitive } from '../primitives/primitive.js'
import { leafCount, sameTree, type TreeDef, treeFlatten, treesDiffer, treeUnflatten } from '../pytree.js'
import type { Tensor } from '../tensor.js'
import { bind } from '../trace/bind.js'
import { type AnyFunction, namedAs, type Traced, trace, traceLeaves } from '../trace/trace.js'
import { splitBody, transposeWithin } from './bodyRules.js'
import { checkedCotangents } from './checkedCotangents.js'
import {
  batchAfter,
  batchedIR,
  type CustomOptions,
  checkFixed,
  type RuleProgram,
  type RulePrograms,
  withRules,
} from './customRules.js'
import { avalsOf } from './heldPrograms.js'
import { runIR } from './interpret.js'
import { ruleAttrs } from './ruleAttrs.js'
import type { ArgumentsAt, Position, SplitCall } from './signature.js'
import { spread } from './vmap.js'

/** Operands are [captured, arguments]; the three programs take them so: */
export interface CustomAttrs {
  readonly name: string
  /** Number of captured operands; they are constants for the derivative. */
  readonly captured: number
  /** [captured, arguments] -> results */
  readonly primal: IR
  /** [captured, arguments] -> results, residuals */
  readonly forward: RuleProgram
  /** [captured, residuals, cotangents of the results] -> cotangents of the arguments */
  readonly backward: RuleProgram
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
    received: `forward mode (jvp, linearize, jacfwd) over ${name}`,
    todo: 'use vjp, grad or jacrev, or give the function a customJvp instead',
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
  jvp: notDifferentiable('its derivative is given by customVjp, backwards only'),
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
  batch: (operands, mapped, { name, backward, known, results }, size, axisName) =>
    bind(
      customLinearPrimitive,
      operands.map((value, i) => spread({ value, mapped: mapped[i] === true }, size)),
      {
        name,
        backward: batchedIR(backward, { mapped: backward.inputs.map(() => true), size, axisName }),
        known,
        results: results.map(({ shape, dtype }) => ({ shape: [size, ...shape], dtype })),
      },
    ),
})

export const customVjpPrimitive: Primitive<CustomAttrs> = definePrimitive({
  name: 'customVjp',
  arity: 'variadic',
  attrs: ruleAttrs<CustomAttrs>(['name', 'captured', 'primal'], ['forward', 'backward']),
  abstractEval: (_, { primal }) => primal.outputs.map((atom) => atom.aval),
  evaluate: (operands, { primal }, results, run) => {
    for (const [i, { data }] of run(primal, operands).entries()) results[i]?.data.set(data)
  },
  jvp: {
    kind: 'joint',
    apply: (primals, tangents, { name, captured, primal, forward, backward }) => {
      checkFixed(name, 'customVjp', tangents.slice(0, captured))
      const values = runIR(forward.ir, primals)
      const results = values.slice(0, primal.outputs.length)
      const known = [...primals.slice(0, captured), ...values.slice(primal.outputs.length)]
      const args = primals.slice(captured)
      const active = args.flatMap((x, i) => (isFloating(x.dtype) ? [tangents[captured + i] ?? zerosLike(x)] : []))
      return {
        primals: results,
        tangents: bind(customLinearPrimitive, [...known, ...active], {
          name,
          backward: backward.ir,
          known: known.length,
          results: results.map((y) => y.aval),
        }),
      }
    },
  },
  transpose: transposeWithin,
  split: splitBody(({ primal }) => primal),
  batch: (operands, mapped, { name, captured, primal, forward, backward }, size, axisName) => {
    const fixed = mapped.slice(0, captured)
    const each = operands.map((value, i) => spread({ value, mapped: fixed[i] ?? mapped[i] === true }, size))
    return bind(customVjpPrimitive, [...operands.slice(0, captured), ...each.slice(captured)], {
      name,
      captured,
      primal: batchedIR(primal, { mapped: batchAfter(fixed, primal), size, axisName }),
      forward: forward.batched(fixed, size, axisName),
      backward: backward.batched(fixed, size, axisName),
    })
  },
  properties: {
    body: ({ primal }) => primal,
    axisNames: ({ forward, backward }) => [...forward.axisNames, ...backward.axisNames],
    ownDerivative: true,
    backwardOnly: true,
  },
})

/** The two halves of a reverse derivative. */
export interface CustomVjpRules<
  A extends readonly unknown[],
  R,
  Residuals,
  S extends readonly number[] = readonly number[],
> {
  /** The value, and what the backward pass needs. */
  readonly forward: (...args: A) => readonly [R, Residuals]
  /** Cotangents of the arguments, one each; `null` for integer and static ones. The static arguments come last. */
  readonly backward: (
    residuals: Residuals,
    ct: R,
    ...fixed: ArgumentsAt<A, S>
  ) => { readonly [I in keyof A]: A[I] | null }
}

/**
 * Gives a function a derivative of your own, backwards. Forward mode over it is refused; `hvp` and `hessian` take
 * second derivatives through it backwards. A rule may call the function itself, and then has its rule there too.
 * Function and rules are traced once per signature, and tensors that they close over are constants, as for `jit`.
 *
 * @param f the function
 * @param rules what `vjp` and `grad` use instead of f
 * @param options `static`: positions of arguments that are no tensors
 * @throws TreeMismatchError if the cotangents do not fit the arguments
 * @example
 * const clipped = customVjp((x) => x, {
 *   forward: (x) => [x, null],
 *   backward: (_, ct) => [minimum(maximum(ct, -1), 1)],
 * })
 * grad((x) => mul(clipped(x), 5))(scalar(2)) // => 1
 */
export const customVjp = <
  A extends readonly unknown[],
  R,
  Residuals,
  const S extends readonly Position<A>[] = readonly [],
>(
  f: (...args: A) => R,
  rules: CustomVjpRules<A, R, Residuals, S>,
  options: CustomOptions<S> = {},
): ((...args: A) => R) => {
  const name = f.name === '' ? 'customVjp' : f.name
  const traceRules = ({ fixed, traced, whole }: SplitCall, args: readonly unknown[], primal: Traced) => {
    let residualDef: TreeDef = { kind: 'none' }
    const forward = trace(
      'customVjp forward',
      namedAs(`the forward rule of ${name}`, ((...xs: readonly unknown[]) => {
        const [y, residuals] = rules.forward(...(whole(xs) as A)) // border: their structure is data
        residualDef = treeFlatten(residuals)[1]
        return [y, residuals]
      }) as AnyFunction),
      traced,
    )
    const valueDef = forwardTree(forward.out)
    if (!sameTree(primal.out, valueDef)) throw treesDiffer('customVjp', primal.out, valueDef)
    const residuals = avalsOf(forward.ir.outputs.slice(leafCount(primal.out)))
    const backward = traceLeaves(
      [...residuals, ...avalsOf(primal.ir.outputs)],
      (tracers) => {
        const cts = rules.backward(
          treeUnflatten<Residuals>(residualDef, tracers.slice(0, residuals.length)),
          treeUnflatten<R>(primal.out, tracers.slice(residuals.length)),
          ...(fixed as ArgumentsAt<A, S>), // border: as above
        )
        return checkedCotangents(name, args, cts, options.static)
      },
      `the backward rule of ${name} under customVjp`,
    )
    return [forward, backward]
  }
  return withRules<A, R>({
    name,
    op: 'customVjp',
    f: f as AnyFunction,
    static: options.static,
    traceRules,
    bind: bindParts(name),
  })
}

const forwardTree = (out: TreeDef): TreeDef => (out.kind === 'array' ? (out.items[0] ?? out) : out)

const bindParts =
  (name: string) =>
  ({ captured, primal, rules }: RulePrograms, leaves: readonly Tensor[]): readonly Tensor[] => {
    const [forward, backward] = rules
    if (forward === undefined || backward === undefined) throw new Error('unreachable: there are two rules')
    const attrs: CustomAttrs = { name, captured: captured.length, primal, forward, backward }
    return bind(customVjpPrimitive, [...captured, ...leaves], attrs)
  }

/*
 * customJvp : (f, rule) -> f, whose derivative forwards is `rule`
 *
 * rule(primals, tangents) gives [f(...primals), df(...primals)·tangents]. It is traced at the call, as f is. Its
 * tangents go through linearize like any others, so the backward pass is the transpose of what it computes.
 */
import { type Aval, isFloating, printAval } from '../aval.js'
import { TreeMismatchError } from '../errors.js'
import type { IR } from '../ir/ir.js'
import { zerosLike } from '../primitives/broadcast.js'
import { definePrimitive, type Primitive } from '../primitives/primitive.js'
import { printTree, sameTree, type TreeDef, treeFlatten, treeUnflatten } from '../pytree.js'
import type { Tensor } from '../tensor.js'
import { bind } from '../trace/bind.js'
import { type AnyFunction, type Traced, traceLeaves } from '../trace/trace.js'
import { splitBody, transposeWithin } from './bodyRules.js'
import { checkLinear, type InputKind, kindOf } from './checkLinear.js'
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
import type { Position, SplitCall } from './signature.js'
import { spread } from './vmap.js'

/** Operands are [captured, arguments]. */
export interface CustomJvpAttrs {
  readonly name: string
  /** Number of captured operands; they are constants for the derivative. */
  readonly captured: number
  /** [captured, arguments] -> results */
  readonly primal: IR
  /** [captured, arguments, tangents of the floating ones] -> results, tangents of the floating ones */
  readonly rule: RuleProgram
}

export const customJvpPrimitive: Primitive<CustomJvpAttrs> = definePrimitive({
  name: 'customJvp',
  arity: 'variadic',
  attrs: ruleAttrs<CustomJvpAttrs>(['name', 'captured', 'primal'], ['rule']),
  abstractEval: (_, { primal }) => primal.outputs.map((atom) => atom.aval),
  evaluate: (operands, { primal }, results, run) => {
    for (const [i, { data }] of run(primal, operands).entries()) results[i]?.data.set(data)
  },
  jvp: {
    kind: 'joint',
    apply: (primals, tangents, { name, captured, primal, rule }) => {
      checkFixed(name, 'customJvp', tangents.slice(0, captured))
      const args = primals.slice(captured)
      const active = args.flatMap((x, i) => (isFloating(x.dtype) ? [tangents[captured + i] ?? zerosLike(x)] : []))
      const both = runIR(rule.ir, [...primals, ...active])
      const results = both.slice(0, primal.outputs.length)
      let next = results.length
      return { primals: results, tangents: results.map((y) => (isFloating(y.dtype) ? (both[next++] ?? null) : null)) }
    },
  },
  transpose: transposeWithin,
  split: splitBody(({ primal }) => primal),
  batch: (operands, mapped, { name, captured, primal, rule }, size, axisName) => {
    const fixed = mapped.slice(0, captured)
    const each = operands
      .slice(captured)
      .map((value, i) => spread({ value, mapped: mapped[captured + i] === true }, size))
    return bind(customJvpPrimitive, [...operands.slice(0, captured), ...each], {
      name,
      captured,
      primal: batchedIR(primal, { mapped: batchAfter(fixed, primal), size, axisName }),
      rule: rule.batched(fixed, size, axisName),
    })
  },
  properties: { body: ({ primal }) => primal, axisNames: ({ rule }) => rule.axisNames, ownDerivative: true },
})

/** The tangents of a call's arguments: of their types, `null` for static ones. */
export type TangentsOf<A extends readonly unknown[], S extends readonly number[]> = {
  readonly [I in keyof A]: I extends `${S[number]}` ? null : A[I]
}

/**
 * The value, and its tangent for the tangents of the arguments, in which it must be linear. An integer leaf has no
 * tangent: `null` stands in its place.
 */
export type CustomJvpRule<A extends readonly unknown[], R, S extends readonly number[] = readonly number[]> = (
  primals: A,
  tangents: TangentsOf<A, S>,
) => readonly [value: R, tangent: R]

/** `[value, tangent]` of a rule as leaves: all of the value's, and the tangents of its floating ones. */
const checkedPair = (name: string, def: TreeDef, avals: readonly Aval[], pair: unknown): readonly Tensor[] => {
  const [value, tangent]: readonly unknown[] = Array.isArray(pair) && pair.length === 2 ? pair : [pair, undefined]
  const [ys, valueDef] = treeFlatten(value)
  const [dys, tangentDef] = treeFlatten(tangent)
  const floating = avals.filter(({ dtype }) => isFloating(dtype))
  const [, wanted] = treeFlatten(
    treeUnflatten(
      def,
      ys.map((y) => (isFloating(y.dtype) ? y : null)),
    ),
  )
  const alike = (xs: readonly Tensor[], wantedAvals: readonly Aval[]): boolean =>
    xs.length === wantedAvals.length && xs.every((x, i) => printAval(x.aval) === printAval(wantedAvals[i] ?? x.aval))
  const fits = sameTree(def, valueDef) && alike(ys, avals) && sameTree(wanted, tangentDef) && alike(dys, floating)
  if (fits) return [...ys, ...dys]
  const shown = (d: TreeDef, each: readonly Aval[]): string =>
    `${printTree(d)} ${each.map(printAval).join(' ')}`.trimEnd()
  throw new TreeMismatchError({
    op: name,
    expected: 'the rule must return [value, tangent], both like what the function returns.',
    received: `function ${shown(def, avals)}, value ${shown(
      valueDef,
      ys.map((y) => y.aval),
    )}, tangent ${shown(
      tangentDef,
      dys.map((y) => y.aval),
    )}`,
    todo: 'give one tangent for each floating leaf, of its shape and dtype, and null for integer ones',
  })
}

/**
 * Gives a function a derivative of your own, forwards. Backwards it is the transpose of the rule, so it works under
 * every transform; a rule may call the function itself, and then has its rule there too. Function and rule are traced
 * once per signature, and tensors that they close over are constants, as for `jit`.
 *
 * @param f the function
 * @param rule `(primals, tangents) -> [value, tangent]`, used by `jvp`, `grad` and all others instead of f
 * @param options `static`: positions of arguments that are no tensors; the rule finds them among the primals
 * @throws TreeMismatchError if the rule's results do not fit the function's; MissingRuleError naming the operation if
 * the tangent is not linear in the tangents
 * @example
 * const sinc = customJvp((x) => where(equal(x, 0), 1, div(sin(x), where(equal(x, 0), 1, x))), ([x], [dx]) => {
 *   const [y, safe] = [sinc(x), where(equal(x, 0), 1, x)]
 *   return [y, mul(dx, where(equal(x, 0), 0, div(sub(cos(x), y), safe)))]
 * })
 * grad(sinc)(scalar(0)) // => 0
 */
export const customJvp = <A extends readonly unknown[], R, const S extends readonly Position<A>[] = readonly []>(
  f: (...args: A) => R,
  rule: CustomJvpRule<A, R, S>,
  options: CustomOptions<S> = {},
): ((...args: A) => R) => {
  const name = f.name === '' ? 'customJvp' : f.name
  const traceRules = ({ traced, whole }: SplitCall, _: readonly unknown[], primal: Traced) => {
    const [leaves, def] = treeFlatten(traced)
    const avals = leaves.map((x) => x.aval)
    const floating = avals.filter(({ dtype }) => isFloating(dtype))
    // without a floating argument there is nothing to differentiate, and the rule is not asked
    if (floating.length === 0) return [primal]
    const results = avalsOf(primal.ir.outputs)
    const ofRule = traceLeaves(
      [...avals, ...floating],
      (tracers) => {
        let next = leaves.length
        const tangents = leaves.map((x) => (isFloating(x.dtype) ? tracers[next++] : null))
        const moved = treeUnflatten<readonly unknown[]>(def, tangents)
        // border: the structure of arguments is data
        const primals = whole(treeUnflatten<readonly unknown[]>(def, tracers.slice(0, leaves.length))) as A
        const along = withoutStatic(whole(moved), options.static) as TangentsOf<A, S>
        return checkedPair(name, primal.out, results, rule(primals, along))
      },
      `the rule of ${name} under customJvp`,
    )
    const tangentIR = { ...ofRule.ir, outputs: ofRule.ir.outputs.slice(results.length) }
    const what = {
      op: name,
      expected: 'the tangent that a customJvp gives must be linear in the tangents it takes.',
      todo: 'add up tangents times values that are made from the primals',
    }
    checkLinear(what, tangentIR, [
      ...ofRule.captured.map(kindOf),
      ...leaves.map((): InputKind => 'unknown'),
      ...floating.map((): InputKind => 'linear'),
    ])
    return [ofRule]
  }
  return withRules<A, R>({
    name,
    op: 'customJvp',
    f: f as AnyFunction,
    static: options.static,
    traceRules,
    bind: bindParts(name),
  })
}

const withoutStatic = (args: readonly unknown[], fixed: readonly number[] = []): readonly unknown[] =>
  args.map((arg, i) => (fixed.includes(i) ? null : arg))

const bindParts =
  (name: string) =>
  ({ captured, primal, rules }: RulePrograms, leaves: readonly Tensor[]): readonly Tensor[] => {
    const [rule] = rules
    if (rule === undefined) throw new Error('unreachable: there is one rule')
    const attrs: CustomJvpAttrs = { name, captured: captured.length, primal, rule }
    return bind(customJvpPrimitive, [...captured, ...leaves], attrs)
  }

/*
 * while : (test, body, carry) -> carry after as many steps as the test holds for
 *
 * Operands, in this order: constants of the test, constants of the body, carry. The number of steps is not known, so
 * nothing can be kept for a backward pass: it has a derivative forwards only.
 */
import { MissingRuleError } from '../errors.js'
import { countFlops } from '../ir/flops.js'
import type { HostArray, IR } from '../ir/ir.js'
import { dependencies, placesOf, restricted } from '../ir/prune.js'
import { broadcastTo, reshape, zerosLike } from '../primitives/broadcast.js'
import { cast, greater, where } from '../primitives/choice.js'
import { dataAttrs, definePrimitive, notLinear, type Primitive } from '../primitives/primitive.js'
import { sum } from '../primitives/reduction.js'
import type { Tensor } from '../tensor.js'
import { bind } from '../trace/bind.js'
import {
  avalsOf,
  batchProgram,
  closedProgram,
  type Flags,
  fixpoint,
  jvpProgram,
  merged,
} from '../transforms/heldPrograms.js'
import { runIR } from '../transforms/interpret.js'

export interface WhileAttrs {
  /** `[its constants, carry] -> [bool]` */
  readonly test: IR
  /** `[its constants, carry] -> carry` */
  readonly body: IR
  readonly testConstants: number
  readonly bodyConstants: number
}

interface Parts<T> {
  readonly test: readonly T[]
  readonly body: readonly T[]
  readonly carry: readonly T[]
}

const partsOf = <T>(items: readonly T[], { testConstants, bodyConstants }: WhileAttrs): Parts<T> => ({
  test: items.slice(0, testConstants),
  body: items.slice(testConstants, testConstants + bodyConstants),
  carry: items.slice(testConstants + bodyConstants),
})

const backwardRefused = (): MissingRuleError =>
  new MissingRuleError({
    op: 'whileLoop',
    expected: 'a loop of unknown length has a derivative forwards only (jvp, jacfwd).',
    received: 'a backward derivative (grad, vjp, linearize) through whileLoop',
    todo: 'use scan, or foriLoop with whole numbers as bounds and cond inside for an early end',
  })

/** The same program with more inputs, that it does not use. */
const ignoring = (ir: IR, more: IR['inputs']): IR => ({ ...ir, inputs: [...ir.inputs, ...more] })

export const whilePrimitive: Primitive<WhileAttrs> = definePrimitive({
  name: 'while',
  arity: 'variadic',
  attrs: dataAttrs<WhileAttrs>('testConstants', 'bodyConstants', 'test', 'body'),
  abstractEval: (_, { body }) => avalsOf(body.outputs),

  evaluate: (operands, attrs, results, run) => {
    const parts = partsOf(operands, attrs)
    let carry: readonly HostArray[] = parts.carry
    while (run(attrs.test, [...parts.test, ...carry])[0]?.data[0] === 1)
      carry = run(attrs.body, [...parts.body, ...carry])
    for (const [i, { data }] of carry.entries()) results[i]?.data.set(data)
  },

  jvp: {
    kind: 'joint',
    apply: (primals, tangents, attrs) => {
      const d = partsOf(tangents, attrs)
      const p = partsOf(primals, attrs)
      const ofBody = d.body.map((dx) => dx !== null)
      const active = fixpoint(
        d.carry.map((dx) => dx !== null),
        (flags) => jvpProgram(attrs.body, [...ofBody, ...flags]).outputs,
      )
      const { ir } = jvpProgram(attrs.body, [...ofBody, ...active], active)
      const bodyTangents = d.body.flatMap((dx) => dx ?? [])
      const carryTangents = p.carry.flatMap((x, i) => (active[i] ? [d.carry[i] ?? zerosLike(x)] : []))
      // inputs of the body's program: constants, carry, tangents of constants, tangents of the carry
      const [a, b] = [attrs.bodyConstants, attrs.body.inputs.length]
      const body: IR = {
        ...ir,
        inputs: [
          ...ir.inputs.slice(0, a),
          ...ir.inputs.slice(b, b + bodyTangents.length),
          ...ir.inputs.slice(a, b),
          ...ir.inputs.slice(b + bodyTangents.length),
        ],
      }
      const results = bind(whilePrimitive, [...p.test, ...p.body, ...bodyTangents, ...p.carry, ...carryTangents], {
        test: ignoring(attrs.test, ir.inputs.slice(b + bodyTangents.length)),
        body,
        testConstants: attrs.testConstants,
        bodyConstants: attrs.bodyConstants + bodyTangents.length,
      })
      const count = p.carry.length
      const none = active.map(() => null)
      return {
        primals: results.slice(0, count),
        tangents: merged<Tensor | null>(active, results.slice(count), none),
      }
    },
  },
  split: () => {
    throw backwardRefused()
  },
  transpose: notLinear,

  batch: (operands, mapped, attrs, size, axisName) => {
    const flags = partsOf(mapped, attrs)
    const axis = { size, axisName }
    const testIsMapped = (carry: Flags): boolean =>
      batchProgram(attrs.test, [...flags.test, ...carry], axis).outputs[0] === true
    const carry = fixpoint(flags.carry, (grown) =>
      testIsMapped(grown) ? grown.map(() => true) : batchProgram(attrs.body, [...flags.body, ...grown], axis).outputs,
    )
    const own = testIsMapped(carry)
    const test = batchProgram(attrs.test, [...flags.test, ...carry], axis).ir
    const body = batchProgram(attrs.body, [...flags.body, ...carry], { ...axis, wanted: carry }).ir
    const given = partsOf(operands, attrs)
    const state = given.carry.map((x, i) => (carry[i] && !flags.carry[i] ? broadcastTo(x, [size, ...x.shape]) : x))
    return bind(
      whilePrimitive,
      [...given.test, ...(own ? given.test : []), ...given.body, ...state],
      own ? whileAny(test, body, attrs) : { ...attrs, test, body },
    )
  },

  properties: {
    flops: (_operands, _results, { test, body }) => countFlops(test) + countFlops(body), // of one step: their number is not known
    programs: {
      of: ({ test, body }) => [test, body],
      replace: (attrs, [test, body]) => ({ ...attrs, test: test ?? attrs.test, body: body ?? attrs.body }),
      prune: (attrs, used) => {
        const { test, body, testConstants, bodyConstants } = attrs
        const tested = dependencies(test, [true])
        const carry = fixpoint(
          used.map((isUsed, i) => isUsed || tested[testConstants + i] === true),
          (needed) => dependencies(body, needed).slice(bodyConstants),
        )
        const constants = dependencies(body, carry).slice(0, bodyConstants)
        const ofTest = [...tested.slice(0, testConstants), ...carry]
        return {
          attrs: {
            test: restricted(test, ofTest, [true]),
            body: restricted(body, [...constants, ...carry], carry),
            testConstants: ofTest.slice(0, testConstants).filter(Boolean).length,
            bodyConstants: constants.filter(Boolean).length,
          },
          operands: [...tested.slice(0, testConstants), ...constants, ...carry],
          results: placesOf(carry),
        }
      },
      hoist: () => null, // the number of steps is not known
      place: (_, program, run) => `${program === 0 ? 'test' : 'step'} ${run}`,
    },
  },
})

/** Goes on while the test holds for any example; those for which it does not keep their carry. */
const whileAny = (test: IR, body: IR, attrs: WhileAttrs): WhileAttrs => {
  const [a, b] = [attrs.testConstants, attrs.bodyConstants]
  const avals = avalsOf(body.inputs.slice(b))
  const constants = avalsOf(test.inputs.slice(0, a))
  const holds = (leaves: readonly Tensor[]): Tensor => {
    const [each] = runIR(test, leaves)
    if (each === undefined) throw new Error('unreachable: the test has a result')
    return each
  }
  return {
    test: closedProgram([...constants, ...avals], (leaves) => [greater(sum(cast(holds(leaves), 'i32')), 0)]),
    body: closedProgram([...constants, ...avalsOf(body.inputs.slice(0, b)), ...avals], (leaves) => {
      const carry = leaves.slice(a + b)
      const goesOn = holds([...leaves.slice(0, a), ...carry])
      return runIR(body, leaves.slice(a)).map((next, i) => {
        const mine = reshape(goesOn, [...goesOn.shape, ...next.shape.slice(1).map(() => 1)])
        return where(broadcastTo(mine, next.shape), next, carry[i] ?? next)
      })
    }),
    testConstants: a,
    bodyConstants: a + b,
  }
}

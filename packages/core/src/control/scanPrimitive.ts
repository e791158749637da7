/*
 * scan : (body, constants, carry, xs) -> (carry, ys), a loop of a known number of steps as one equation.
 *
 * Operands, and the body's inputs, in this order: constants, carry, xs; results: carry, ys. The body takes a slice of
 * each xs along axis 0 and gives a slice of each ys.
 *
 * Backwards, the loop runs twice: `split` makes one that computes values and stacks what the derivative needs, and a
 * linear one, which `transpose` turns around.
 */
import { aval, sizeOf } from '../aval.js'
import { countFlops } from '../ir/flops.js'
import type { HostArray, IR, Pruned } from '../ir/ir.js'
import { dependencies, placesOf, restricted } from '../ir/prune.js'
import { add } from '../primitives/arithmetic.js'
import { broadcastTo, moveAxis, zerosLike } from '../primitives/broadcast.js'
import { dataAttrs, definePrimitive, type Primitive } from '../primitives/primitive.js'
import type { Tensor } from '../tensor.js'
import { bind } from '../trace/bind.js'
import {
  avalsOf,
  batchProgram,
  chosen,
  closedProgram,
  type Flags,
  fixpoint,
  jvpProgram,
  merged,
  others,
  splitProgram,
  transposeProgram,
} from '../transforms/heldPrograms.js'
import { runIR } from '../transforms/interpret.js'
import { count, partsOf, present, type ScanAttrs } from './scanParts.js'
import { splitScan } from './scanSplit.js'

export type { ScanAttrs } from './scanParts.js'

const all = (items: readonly unknown[]): Flags => items.map(() => true)

/** One step's slice of an array stacked along axis 0: a view. */
const step = ({ data, shape: [, ...shape], dtype }: HostArray, i: number): HostArray => {
  const size = sizeOf(shape)
  return { data: data.subarray(i * size, (i + 1) * size), shape, dtype }
}

/** `[a, da of the active | ...]` for each part of a scan's operands: where the parts of a list with tangents lie. */
const interleaved = (program: IR, attrs: ScanAttrs, active: Flags, outputs: Flags): IR => {
  const inputs = partsOf(program.inputs.slice(0, active.length), attrs)
  const tangents = program.inputs.slice(active.length)
  const flags = partsOf(active, attrs)
  const [ofConstants, ofCarry] = [count(flags.constants, true), count(flags.carry, true)]
  const results = program.outputs.slice(0, outputs.length)
  const resultTangents = program.outputs.slice(outputs.length)
  return {
    ...program,
    inputs: [
      ...inputs.constants,
      ...tangents.slice(0, ofConstants),
      ...inputs.carry,
      ...tangents.slice(ofConstants, ofConstants + ofCarry),
      ...inputs.xs,
      ...tangents.slice(ofConstants + ofCarry),
    ],
    outputs: [
      ...results.slice(0, attrs.carry),
      ...resultTangents.slice(0, ofCarry),
      ...results.slice(attrs.carry),
      ...resultTangents.slice(ofCarry),
    ],
  }
}

/** Leaves out ys that are not used or stacked twice, and the carry and operands that nothing else needs. */
const pruneScan = (attrs: ScanAttrs, used: Flags): Pruned<ScanAttrs> => {
  const { body } = attrs
  const usedYs = used.slice(attrs.carry)
  const carry = fixpoint(
    used.slice(0, attrs.carry),
    (needed) => partsOf(dependencies(body, [...needed, ...usedYs]), attrs).carry,
  )
  const needed = partsOf(dependencies(body, [...carry, ...usedYs]), attrs)
  const operands = [...needed.constants, ...carry, ...needed.xs]
  const ys = body.outputs.slice(attrs.carry)
  const firsts = ys.map((y) => ys.findIndex((other, j) => usedYs[j] === true && other === y))
  const outputs = [...carry, ...usedYs.map((isUsed, i) => isUsed && firsts[i] === i)]
  const places = placesOf(outputs)
  return {
    attrs: {
      ...attrs,
      body: restricted(body, operands, outputs),
      constants: count(needed.constants, true),
      carry: count(carry, true),
    },
    operands,
    results: outputs.map((_, i) => {
      const first = firsts[i - attrs.carry]
      return i < attrs.carry || !used[i] ? (places[i] ?? null) : (places[attrs.carry + (first ?? 0)] ?? null)
    }),
  }
}

export const scanPrimitive: Primitive<ScanAttrs> = definePrimitive({
  name: 'scan',
  arity: 'variadic',
  attrs: dataAttrs<ScanAttrs>('length', 'reverse', 'constants', 'carry', 'body'),
  abstractEval: (_, { body, length, carry }) => {
    const avals = avalsOf(body.outputs)
    return [...avals.slice(0, carry), ...avals.slice(carry).map(({ shape, dtype }) => aval([length, ...shape], dtype))]
  },

  evaluate: (operands, attrs, results, run) => {
    const { constants, carry, xs } = partsOf(operands, attrs)
    const ys = results.slice(attrs.carry)
    let state: readonly HostArray[] = carry
    for (let n = 0; n < attrs.length; n++) {
      const i = attrs.reverse ? attrs.length - 1 - n : n
      const outs = run(attrs.body, [...constants, ...state, ...xs.map((x) => step(x, i))])
      state = outs.slice(0, attrs.carry)
      for (const [j, y] of ys.entries()) {
        const slice = outs[attrs.carry + j]
        if (slice !== undefined) step(y, i).data.set(slice.data)
      }
    }
    for (const [i, { data }] of state.entries()) results[i]?.data.set(data)
  },

  jvp: {
    kind: 'joint',
    apply: (primals, tangents, attrs) => {
      const { constants, carry, xs } = partsOf(tangents, attrs)
      const activeWith = (active: Flags): Flags => [...present(constants), ...active, ...present(xs)]
      const active = fixpoint(present(carry), (flags) => jvpProgram(attrs.body, activeWith(flags)).outputs)
      const { ir, outputs } = jvpProgram(attrs.body, activeWith(active), active)
      const p = partsOf(primals, attrs)
      const ofCarry = p.carry.flatMap((x, i) => (active[i] ? [carry[i] ?? zerosLike(x)] : []))
      const given = (items: readonly (Tensor | null)[]): readonly Tensor[] => items.flatMap((dx) => dx ?? [])
      const results = bind(
        scanPrimitive,
        [...p.constants, ...given(constants), ...p.carry, ...ofCarry, ...p.xs, ...given(xs)],
        {
          ...attrs,
          body: interleaved(ir, attrs, activeWith(active), outputs),
          constants: attrs.constants + given(constants).length,
          carry: attrs.carry + ofCarry.length,
        },
      )
      const ys = attrs.carry + ofCarry.length
      const count = attrs.body.outputs.length - attrs.carry
      const out = [...results.slice(attrs.carry, ys), ...results.slice(ys + count)]
      return {
        primals: [...results.slice(0, attrs.carry), ...results.slice(ys, ys + count)],
        tangents: merged<Tensor | null>(
          outputs,
          out,
          outputs.map(() => null),
        ),
      }
    },
  },

  split: (operands, linear, attrs, append) =>
    splitScan(operands, linear, attrs, splitProgram, {
      known: (xs, a) => bind(scanPrimitive, xs, a),
      linear: (xs, a) => append(scanPrimitive, xs, a),
    }),

  transpose: {
    kind: 'joint',
    apply: (cts, operands, linear, attrs) => {
      // the carry is linear throughout, also where its first value is a known zero
      const flags = partsOf(linear, attrs)
      const isLinear = [...flags.constants, ...all(flags.carry), ...flags.xs]
      const given = [...all(flags.carry), ...present(cts.slice(attrs.carry))]
      const pull = transposeProgram(attrs.body, isLinear, given)
      const { constants, carry, xs } = partsOf(operands, attrs)
      const [sums, knownConstants] = [chosen(constants, flags.constants), others(constants, flags.constants)]
      const knownXs = others(xs, flags.xs)
      const ctYs = cts.slice(attrs.carry).flatMap((ct) => ct ?? [])

      // [known constants | sums, cotangent of the carry | known xs, cotangents of ys]
      const operandsBack = [
        ...knownConstants,
        ...sums.map(zerosLike),
        ...carry.map((x, i) => cts[i] ?? zerosLike(x)),
        ...knownXs,
        ...ctYs,
      ]
      const [a, b, c] = [knownConstants.length, sums.length, attrs.carry]
      const body = closedProgram(
        operandsBack.map((x, i) => (i < a + b + c ? x.aval : aval(x.shape.slice(1), x.dtype))),
        (leaves) => {
          const parts = runIR(pull, [
            ...leaves.slice(0, a),
            ...leaves.slice(a + b + c, a + b + c + knownXs.length),
            ...leaves.slice(a + b, a + b + c),
            ...leaves.slice(a + b + c + knownXs.length),
          ])
          const added = leaves.slice(a, a + b).flatMap((total, i) => (parts[i] ? [add(total, parts[i])] : []))
          return [...added, ...parts.slice(b)]
        },
      )
      const results = bind(scanPrimitive, operandsBack, {
        ...attrs,
        body,
        reverse: !attrs.reverse,
        constants: a,
        carry: b + c,
      })
      const parts = merged<Tensor | null>(
        isLinear,
        results,
        isLinear.map(() => null),
      )
      return parts.map((ct, i) => (linear[i] ? ct : null))
    },
  },

  batch: (operands, mapped, attrs, size, axisName) => {
    const flags = partsOf(mapped, attrs)
    const mappedWith = (carry: Flags): Flags => [...flags.constants, ...carry, ...flags.xs]
    const axis = { size, axisName }
    const carry = fixpoint(flags.carry, (grown) => batchProgram(attrs.body, mappedWith(grown), axis).outputs)
    const { ir: body, outputs } = batchProgram(attrs.body, mappedWith(carry), { ...axis, wanted: carry })
    const each = (x: Tensor): Tensor => broadcastTo(x, [size, ...x.shape])
    const given = partsOf(operands, attrs)
    const results = bind(
      scanPrimitive,
      [
        ...given.constants,
        ...given.carry.map((x, i) => (carry[i] && !flags.carry[i] ? each(x) : x)),
        ...given.xs.map((x, i) => (flags.xs[i] ? moveAxis(x, 0, 1) : x)),
      ],
      { ...attrs, body },
    )
    return results.map((y, i) => (outputs[i] && i >= attrs.carry ? moveAxis(y, 1, 0) : y))
  },

  properties: {
    flops: (_operands, _results, { body, length }) => length * countFlops(body),
    programs: {
      of: ({ body }) => [body],
      replace: (attrs, [body]) => ({ ...attrs, body: body ?? attrs.body }),
      prune: pruneScan,
      hoist: (operands, late, attrs, split) => {
        const add = (xs: readonly Tensor[], a: ScanAttrs): readonly Tensor[] => bind(scanPrimitive, xs, a)
        return splitScan(operands, late, attrs, split, { known: add, linear: add })
      },
      place: ({ reverse, length }, _, run) => `step ${reverse ? length - 1 - run : run}`,
    },
  },
})

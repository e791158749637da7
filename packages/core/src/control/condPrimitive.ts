/*
 * cond : (index, branches, operands) -> branches[index](operands), of which only that one is evaluated
 *
 * Operands: the index (i32, scalar; below 0 is the first branch, beyond the last is the last), then what every branch
 * takes. All branches give results of the same avals.
 */
import { type Aval, printAval } from '../aval.js'
import { countFlops } from '../ir/flops.js'
import type { IR, Split } from '../ir/ir.js'
import { dependencies, placesOf, restricted } from '../ir/prune.js'
import { broadcastTo, reshape, zeros } from '../primitives/broadcast.js'
import { lessEqual, where } from '../primitives/choice.js'
import { dataAttrs, definePrimitive, type Primitive } from '../primitives/primitive.js'
import type { Tensor } from '../tensor.js'
import { bind } from '../trace/bind.js'
import {
  avalsOf,
  batchProgram,
  chosen,
  closedProgram,
  type Flags,
  jvpProgram,
  merged,
  others,
  splitProgram,
  transposeProgram,
} from '../transforms/heldPrograms.js'
import { runIR } from '../transforms/interpret.js'

export interface CondAttrs {
  readonly branches: readonly IR[]
}

/** Where any of several lists has its flag set. */
const union = (lists: readonly Flags[]): Flags =>
  (lists[0] ?? []).map((_, i) => lists.some((flags) => flags[i] === true))

/** One transformation of every branch, so that all of them answer alike. */
const alike = <T extends { readonly outputs: Flags }>(
  branches: readonly IR[],
  transform: (branch: IR, wanted: Flags) => T,
): readonly T[] => {
  const wanted = union(branches.map((branch) => transform(branch, []).outputs))
  return branches.map((branch) => transform(branch, wanted))
}

/** Slots that hold what any branch saves: as many of each aval as the branch with most of them needs. */
const slotsFor = (saved: readonly (readonly Aval[])[]): readonly Aval[] => {
  const slots: Aval[] = []
  for (const avals of saved) {
    const free = slots.map(printAval)
    for (const aval of avals) {
      const at = free.indexOf(printAval(aval))
      if (at < 0) slots.push(aval)
      else free[at] = ''
    }
  }
  return slots
}

/** Which slot each value takes. */
const placesIn = (slots: readonly Aval[], avals: readonly Aval[]): readonly number[] => {
  const free = slots.map(printAval)
  return avals.map((aval) => {
    const at = free.indexOf(printAval(aval))
    free[at] = ''
    return at
  })
}

const savedBy = ({ known, outputs }: Split): readonly Aval[] =>
  avalsOf(known.outputs).slice(others(outputs, outputs).length)

export const condPrimitive: Primitive<CondAttrs> = definePrimitive({
  name: 'cond',
  arity: 'variadic',
  attrs: dataAttrs<CondAttrs>('branches'),
  abstractEval: (_, { branches: [branch] }) => avalsOf(branch?.outputs ?? []),

  evaluate: ([index, ...operands], { branches }, results, run) => {
    const branch = branches[Math.max(0, Math.min(branches.length - 1, index?.data[0] ?? 0))]
    if (branch === undefined) throw new Error('cond has no branches')
    for (const [i, { data }] of run(branch, operands).entries()) results[i]?.data.set(data)
  },

  jvp: {
    kind: 'joint',
    apply: (primals, [, ...tangents], { branches }) => {
      const active = tangents.map((dx) => dx !== null)
      const both = alike(branches, (branch, wanted) => jvpProgram(branch, active, wanted))
      const outputs = both[0]?.outputs ?? []
      const results = bind(condPrimitive, [...primals, ...tangents.flatMap((dx) => dx ?? [])], {
        branches: both.map(({ ir }) => ir),
      })
      const none = outputs.map(() => null)
      return {
        primals: results.slice(0, outputs.length),
        tangents: merged<Tensor | null>(outputs, results.slice(outputs.length), none),
      }
    },
  },

  split: ([index, ...operands], [, ...linear], { branches }, append) => {
    if (index === undefined) throw new Error('unreachable: cond has an index')
    const splits = alike(branches, (branch, wanted) => splitProgram(branch, linear, wanted))
    const outputs = splits[0]?.outputs ?? []
    const [known, tangents] = [others(operands, linear), chosen(operands, linear)]
    const slots = slotsFor(splits.map(savedBy))
    const values = others(outputs, outputs).length

    const computed = splits.map((split) =>
      closedProgram(
        known.map((x) => x.aval),
        (leaves) => {
          const results = runIR(split.known, leaves)
          const places = placesIn(slots, savedBy(split))
          const saved = slots.map(({ shape, dtype }, slot) => {
            const at = places.indexOf(slot)
            return (at < 0 ? undefined : results[values + at]) ?? zeros(shape, dtype)
          })
          return [...results.slice(0, values), ...saved]
        },
      ),
    )
    const results = values + slots.length === 0 ? [] : bind(condPrimitive, [index, ...known], { branches: computed })
    const saved = results.slice(values)

    // known operands that some branch needs as they are, then the slots, then what is linear
    const direct = [...new Set(splits.flatMap((s) => s.residuals.flatMap((r) => ('input' in r ? [r.input] : []))))]
    const passed = [...direct.flatMap((input) => known[input] ?? []), ...saved]
    const rest = splits.map((split) =>
      closedProgram(
        [...passed, ...tangents].map((x) => x.aval),
        (leaves) => {
          const places = placesIn(slots, savedBy(split))
          const residuals = split.residuals.flatMap((r) => {
            const at = 'input' in r ? direct.indexOf(r.input) : direct.length + (places[r.saved] ?? 0)
            return leaves[at] ?? []
          })
          return runIR(split.linear, [...residuals, ...leaves.slice(passed.length)])
        },
      ),
    )
    const moved = append(condPrimitive, [index, ...passed, ...tangents], { branches: rest })
    return merged(outputs, moved, results.slice(0, values))
  },

  transpose: {
    kind: 'joint',
    apply: (cts, [index, ...operands], [, ...linear], { branches }) => {
      if (index === undefined) throw new Error('unreachable: cond has an index')
      const given = cts.map((ct) => ct !== null)
      const pulled = bind(condPrimitive, [index, ...others(operands, linear), ...cts.flatMap((ct) => ct ?? [])], {
        branches: branches.map((branch) => transposeProgram(branch, linear, given)),
      })
      const none = linear.map(() => null)
      return [null, ...merged<Tensor | null>(linear, pulled, none)]
    },
  },

  batch: ([index, ...operands], [chosenEach, ...mapped], { branches }, size, axisName) => {
    if (index === undefined) throw new Error('unreachable: cond has an index')
    const batched = alike(branches, (branch, wanted) => batchProgram(branch, mapped, { size, axisName, wanted }))
    if (!chosenEach) return bind(condPrimitive, [index, ...operands], { branches: batched.map(({ ir }) => ir) })
    const each = (y: Tensor, isMapped: boolean | undefined): Tensor =>
      isMapped ? y : broadcastTo(y, [size, ...y.shape])
    // every example chooses for itself: all branches are evaluated, and each takes its own
    const results = batched.map(({ ir, outputs }) => runIR(ir, operands).map((y, i) => each(y, outputs[i])))
    return results.reduceRight((later, now, branch) =>
      now.map((y, i) => {
        const takes = reshape(lessEqual(index, branch), [size, ...y.shape.slice(1).map(() => 1)])
        return where(broadcastTo(takes, y.shape), y, later[i] ?? y)
      }),
    )
  },

  properties: {
    flops: (_operands, _results, { branches }) => Math.max(...branches.map(countFlops)),
    programs: {
      of: ({ branches }) => branches,
      replace: (_, branches) => ({ branches }),
      prune: ({ branches }, used) => {
        const operands = union(branches.map((branch) => dependencies(branch, used)))
        return {
          attrs: { branches: branches.map((branch) => restricted(branch, operands, used)) },
          operands: [true, ...operands],
          results: placesOf(used),
        }
      },
      // which branch is taken may be known late: what any of them needs is computed
      hoist: ([index, ...operands], [, ...late], { branches }, split) => {
        if (index === undefined) throw new Error('unreachable: cond has an index')
        const parts = branches.map((branch) =>
          split(
            branch,
            late,
            branch.outputs.map(() => true),
          ),
        )
        const [early, rest] = [others(operands, late), chosen(operands, late)]
        const saved = parts.map(({ known }) => runIR(known, early))
        const direct = [...new Set(parts.flatMap((p) => p.residuals.flatMap((r) => ('input' in r ? [r.input] : []))))]
        const passed = [...direct.flatMap((input) => early[input] ?? []), ...saved.flat()]
        const offsets = saved.map((_, i) => direct.length + saved.slice(0, i).flat().length)
        return bind(condPrimitive, [index, ...passed, ...rest], {
          branches: parts.map(({ linear, residuals }, i) =>
            closedProgram(
              [...passed, ...rest].map((x) => x.aval),
              (leaves) => {
                const own = residuals.flatMap(
                  (r) => leaves['input' in r ? direct.indexOf(r.input) : (offsets[i] ?? 0) + r.saved] ?? [],
                )
                return runIR(linear, [...own, ...leaves.slice(passed.length)])
              },
            ),
          ),
        })
      },
      place: (_, branch) => `branch ${branch}`,
    },
  },
})

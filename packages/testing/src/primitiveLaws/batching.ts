/* Laws of the batch rule: vmap is a loop, of the function and of its derivatives, inside of other vmaps too. */
import {
  add,
  cast,
  checkIR,
  grad,
  HostTensor,
  inlineCalls,
  isFloating,
  jvp,
  makeIR,
  mul,
  primitives,
  scalar,
  sin,
  sum,
  type Tensor,
  tensor,
  vmap,
} from '@cotangent/core'
import * as fc from 'fast-check'
import { forAll } from '../check/forAll.js'
import { LawError } from '../laws/lawError.js'
import { batchOf, vmapIsLoop, vmapOfNothing } from '../laws/transforms.js'
import { type ListFunction, oracle } from '../oracle.js'
import type { Case } from '../primitives/case.js'
import { closeInF64, functionOf } from './compare.js'
import type { RecordLaw, Subject } from './law.js'
import { hasFloats, hasOperands, isDifferentiable, where } from './reasons.js'

/** Several of these in a case: enough for the axes of all operands, and that of the results. */
const picks = fc.array(fc.nat(100), { minLength: 8, maxLength: 8 })

const cases = ({ generator: { tame, integers = tame } }: Subject): fc.Arbitrary<Case> =>
  fc.oneof({ arbitrary: tame, weight: 3 }, { arbitrary: integers, weight: 1 })

const batched = (x: HostTensor, size: number, axis: number | null): Tensor =>
  axis === null ? x : batchOf(x, size, axis)

/** One operand at least is mapped; which others, and along which axes, the picks say. */
const axesOf = (operands: readonly HostTensor[], chosen: readonly number[]): readonly (number | null)[] => {
  const always = (chosen[6] ?? 0) % operands.length
  return operands.map((x, i) => {
    const pick = chosen[i] ?? 0
    return i !== always && pick % 3 === 0 ? null : pick % (x.rank + 1)
  })
}

const isLoop: RecordLaw = {
  name: 'vmap is the loop',
  statement: 'vmap(f)(x) = stack of f(x_i), for any axes of operands and results, mapped or not',
  tolerance: 'to the last bit: the reference evaluator adds in the same order',
  examples: 100,
  about: ['batch'],
  on: 'reference',
  applies: where('vmap is the loop', hasOperands),
  check: (subject, runs) =>
    forAll(
      [cases(subject), fc.integer({ min: 1, max: 3 }), picks],
      (c, size, chosen) => {
        if (c.operands.length === 0) return
        const axes = axesOf(c.operands, chosen)
        const lowest = Math.min(...c.apply(c.operands).map((y) => y.rank))
        vmapIsLoop(
          functionOf(c),
          c.operands.map((x, i) => batched(x, size, axes[i] ?? null)),
          { axes, outAxis: (chosen[7] ?? 0) % (lowest + 1) },
        )
      },
      runs,
    ),
}

const nested: RecordLaw = {
  name: 'vmap of vmap',
  statement: 'vmap(vmap(f)) is the loop of loops; over no examples it gives none, of the right shape',
  tolerance: 'to the last bit',
  examples: 25,
  about: ['batch'],
  on: 'reference',
  applies: where('vmap of vmap', hasOperands),
  check: ({ generator: { tame } }, runs) =>
    forAll(
      [tame],
      (c) => {
        if (c.operands.length === 0) return
        const two = c.operands.map((x) => batchOf(x, 2, 0))
        vmapOfNothing(functionOf(c), two)
        const inner = (...xs: readonly Tensor[]): readonly Tensor[] => vmap(functionOf(c))(...xs)
        vmapIsLoop(
          inner,
          two.map((x) => batchOf(x, 2, 0)),
        )
      },
      runs,
    ),
}

const registered: Readonly<Record<string, unknown>> = primitives

const staysInRegistry: RecordLaw = {
  name: 'vmap stays in the registry',
  statement: 'under vmap its program is well formed and holds primitives of the registry only',
  tolerance: 'exact',
  examples: 50,
  about: ['batch'],
  on: 'reference',
  applies: where('vmap stays in the registry', hasOperands),
  check: ({ generator: { tame } }, runs) =>
    forAll(
      [tame],
      (c) => {
        if (c.operands.length === 0) return
        const two = c.operands.map((x) => batchOf(x, 2, 0))
        const program = inlineCalls(makeIR((...xs: readonly Tensor[]) => vmap(functionOf(c))(...xs))(...two))
        checkIR(program)
        const stranger = program.equations.find(({ primitive }) => registered[primitive.name] !== primitive)
        if (stranger === undefined) return
        throw new LawError({
          check: 'vmap stays in the registry',
          expected: 'engines know the primitives of the registry only.',
          received: stranger.primitive.name,
        })
      },
      runs,
    ),
}

/** The floating results, as a function of the floating operands; the others stay as they are. */
const floatsOf =
  (f: ListFunction, operands: readonly Tensor[]): ListFunction =>
  (xs) => {
    let next = 0
    return f(operands.map((x) => (isFloating(x.dtype) ? (xs[next++] ?? x) : x))).filter((y) => isFloating(y.dtype))
  }

const floatsAmong = (xs: readonly Tensor[]): readonly Tensor[] => xs.filter((x) => isFloating(x.dtype))

/** cos 1, cos 2, ... in the shape and dtype of a tensor. */
const weightsLike = (y: Tensor): Tensor =>
  cast(
    tensor(
      Float32Array.from({ length: y.size }, (_, i) => Math.cos(i + 1)),
      y.shape,
    ),
    y.dtype,
  )

/** Σ w y, with weights that differ from element to element, so that none stands for another. */
const total = (ys: readonly Tensor[]): Tensor =>
  ys.map((y) => cast(sum(mul(y, weightsLike(y))), 'f32')).reduce(add, scalar(0))

const named = { axisName: 'examples' }

/** The function of a batch: `f` on each example. */
const overBatch =
  (f: ListFunction): ListFunction =>
  ([...xs]) =>
    vmap((...one: readonly Tensor[]) => f(one), named)(...xs)

const twoOf = ({ operands }: Case): readonly HostTensor[] =>
  operands.map((x) => {
    const { data, shape, dtype } = batchOf(x, 2, 0)
    return new HostTensor(data, shape, dtype)
  })

const gradInside: RecordLaw = {
  name: 'grad inside vmap',
  statement: 'vmap(grad(g))(x) = grad of x -> Σ_i vmap(g)(x)_i: gradients per example are rows of the whole gradient',
  tolerance: '1e-11 of the largest, in f64: sums in another order',
  examples: 25,
  about: ['batch', 'jvp', 'transpose'],
  on: 'reference',
  applies: where('grad inside vmap', hasFloats, isDifferentiable('backwards')),
  check: ({ generator: { tame } }, runs) =>
    forAll(
      [tame],
      (c) => {
        const batch = twoOf(c)
        if (floatsAmong(batch).length === 0) return
        const f = c.example ?? c.apply
        const inside: ListFunction = overBatch((one) =>
          grad((xs: readonly Tensor[]) => total(floatsOf(f, one)(xs)))(floatsAmong(one)),
        )
        // the weights are those of one example, for each
        const each: ListFunction = overBatch((one) => [total(floatsAmong(f(one)))])
        const outside: ListFunction = (all) =>
          grad((xs: readonly Tensor[]) => sum(floatsOf(each, all)(xs)[0] ?? scalar(0)))(floatsAmong(all))
        closeInF64('grad inside vmap', oracle(outside, batch), oracle(inside, batch), 1e-11)
      },
      runs,
    ),
}

const jvpInside: RecordLaw = {
  name: 'jvp inside vmap',
  statement: 'vmap(jvp(g))(x, u) = jvp(vmap(g))(x, u)',
  tolerance: '1e-11 of the largest, in f64',
  examples: 25,
  about: ['batch', 'jvp'],
  on: 'reference',
  applies: where('jvp inside vmap', hasFloats, isDifferentiable('forwards')),
  check: ({ generator: { tame } }, runs) =>
    forAll(
      [tame],
      (c) => {
        const batch = twoOf(c)
        if (floatsAmong(batch).length === 0) return
        const f = c.example ?? c.apply
        const along = (xs: readonly Tensor[]): readonly Tensor[] => xs.map((x) => sin(x)) // a tangent of each example's own
        const inside: ListFunction = overBatch((one) => {
          const xs = floatsAmong(one)
          return jvp((list: readonly Tensor[]) => floatsOf(f, one)(list), [xs], [along(xs)])[1]
        })
        const outside: ListFunction = (all) => {
          const xs = floatsAmong(all)
          return jvp((list: readonly Tensor[]) => floatsOf(overBatch(f), all)(list), [xs], [along(xs)])[1]
        }
        closeInF64('jvp inside vmap', oracle(outside, batch), oracle(inside, batch), 1e-11)
      },
      runs,
    ),
}

export const batchLaws: readonly RecordLaw[] = [isLoop, nested, staysInRegistry, gradInside, jvpInside]

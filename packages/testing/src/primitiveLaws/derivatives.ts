/* Laws of the derivative: against differences, between modes, linear, of the right shape, as programs. */
import { checkIR, inlineCalls, isFloating, jvp, makeIR, onesLike, type Tensor, vjp, vmap } from '@cotangent/core'
import * as fc from 'fast-check'
import { forAll } from '../check/forAll.js'
import { derivativeIsRight } from '../laws/differences.js'
import { cotangentsFitArguments, derivativeIsZero, jvpIsLinear, vjpIsLinear } from '../laws/linearity.js'
import { batchOf } from '../laws/transforms.js'
import { widened } from '../oracle.js'
import type { Case } from '../primitives/case.js'
import type { Runs } from '../runs.js'
import { functionOf } from './compare.js'
import type { RecordLaw, Subject } from './law.js'
import { hasFloats, isDifferentiable, isSaidToBeZero, where } from './reasons.js'

/** The seed of the directions a derivative is compared in. */
const directions = fc.nat(1000)

const differentiable = ({ operands }: Case): boolean => operands.some((x) => isFloating(x.dtype))

const onCases = ({ generator: { tame } }: Subject, runs: Runs, law: (c: Case, seed: number) => void): void =>
  forAll(
    [tame, directions],
    (c, seed) => {
      if (differentiable(c)) law(c, seed)
    },
    runs,
  )

const againstDifferences: RecordLaw = {
  name: 'derivative',
  statement: 'J u = (f(x + h u) - f(x - h u)) / 2h, <w, J u> = <Jᵀ w, u>, and both again for the two derivatives',
  tolerance:
    '1e-6 of the largest, and 1e-10 of Σ |w J u| between the modes, in f64: differences are good to 1e-9 there',
  examples: 100,
  about: ['jvp', 'transpose'],
  on: 'reference',
  applies: where('derivative', hasFloats, isDifferentiable('either')),
  check: (subject, runs) => {
    const { derivative } = subject.generator
    const modes = { forward: derivative !== 'backwards', backward: derivative !== 'forwards' }
    onCases(subject, runs, (c, seed) => {
      const order = seed % 3 === 0 ? 2 : 1 // the second order takes most of the time
      derivativeIsRight(functionOf(c), c.operands, { seed, ...modes, order, everyCoordinate: 6 })
    })
  },
}

const isZero: RecordLaw = {
  name: 'derivative is zero',
  statement: 'Jᵀ w = 0',
  tolerance: 'exact',
  examples: 100,
  about: ['jvp'],
  on: 'reference',
  applies: where('derivative is zero', hasFloats, isSaidToBeZero),
  check: (subject, runs) => onCases(subject, runs, (c, seed) => derivativeIsZero(functionOf(c), c.operands, seed)),
}

const forwardIsLinear: RecordLaw = {
  name: 'JVP is linear',
  statement: 'J (a u + b v) = a J u + b J v, J 0 = 0, J (8 u) = 8 J u',
  tolerance: '1e-11 of the terms in f64; the last two exact: scaling by powers of 2 commutes with rounding',
  examples: 50,
  about: ['jvp'],
  on: 'reference',
  applies: where('JVP is linear', hasFloats, isDifferentiable('forwards')),
  check: (subject, runs) => onCases(subject, runs, (c, seed) => jvpIsLinear(functionOf(c), c.operands, seed)),
}

const backwardIsLinear: RecordLaw = {
  name: 'VJP is linear',
  statement: 'Jᵀ (a w + b v) = a Jᵀ w + b Jᵀ v, Jᵀ 0 = 0, Jᵀ (8 w) = 8 Jᵀ w',
  tolerance: '1e-11 of the terms in f64; the last two exact',
  examples: 50,
  about: ['jvp', 'transpose'],
  on: 'reference',
  applies: where('VJP is linear', hasFloats, isDifferentiable('backwards')),
  check: (subject, runs) => onCases(subject, runs, (c, seed) => vjpIsLinear(functionOf(c), c.operands, seed)),
}

const cotangentsFit: RecordLaw = {
  name: 'cotangents fit',
  statement: 'Jᵀ w has the shape and dtype of x',
  tolerance: 'exact',
  examples: 50,
  about: ['jvp', 'transpose'],
  on: 'reference',
  applies: where('cotangents fit', hasFloats, isDifferentiable('backwards')),
  check: (subject, runs) => onCases(subject, runs, (c) => cotangentsFitArguments(functionOf(c), c.operands)),
}

/** The floating results, as a function of the floating operands. */
const floating =
  ({ apply }: Case, operands: readonly Tensor[]) =>
  (...xs: readonly Tensor[]): readonly Tensor[] => {
    let next = 0
    return apply(operands.map((x) => (isFloating(x.dtype) ? (xs[next++] ?? x) : x))).filter((y) => isFloating(y.dtype))
  }

/** A derivative of the case, forwards or backwards, as a function of all operands. */
const derived =
  (c: Case, forwards: boolean) =>
  (...xs: readonly Tensor[]): unknown => {
    const floats = xs.filter((x) => isFloating(x.dtype))
    const f = floating(c, xs)
    if (forwards) return jvp(f, floats, floats.map(onesLike))[1]
    const [results, pull] = vjp(f, ...floats)
    return pull(results.map((y) => onesLike(y)))
  }

const wellFormed: RecordLaw = {
  name: 'derivatives are programs',
  statement: 'the programs of its derivatives, and those under vmap, are well formed, in f32 and in f64',
  tolerance: 'exact',
  examples: 25,
  about: ['jvp', 'transpose', 'batch'],
  on: 'reference',
  applies: where('derivatives are programs', hasFloats),
  check: (subject, runs) =>
    onCases(subject, runs, (c) => {
      const forwards = subject.generator.derivative === 'forwards'
      for (const operands of [c.operands, c.operands.map(widened)]) {
        const f = derived(c, forwards)
        checkIR(inlineCalls(makeIR(f)(...operands)))
        const batched = operands.map((x) => batchOf(x, 2, 0))
        checkIR(inlineCalls(makeIR((...xs: readonly Tensor[]) => vmap(f)(...xs))(...batched)))
      }
    }),
}

export const derivativeLaws: readonly RecordLaw[] = [
  againstDifferences,
  isZero,
  forwardIsLinear,
  backwardIsLinear,
  cotangentsFit,
  wellFormed,
]

/* Laws of engines: what one computes agrees with the reference evaluator, element by element. */
import { type Engine, HostTensor, isFloating, jvp, type Tensor, vjp, vmap } from '@cotangent/core'
import type * as fc from 'fast-check'
import { forAllAsync } from '../check/forAll.js'
import type { Tolerance } from '../compare/tolerance.js'
import { agreesWithReference } from '../conformance/agrees.js'
import { direction } from '../laws/problem.js'
import { batchOf } from '../laws/transforms.js'
import type { ListFunction } from '../oracle.js'
import type { Case } from '../primitives/case.js'
import type { Runs } from '../runs.js'
import type { EngineLaw, EngineSettings, Subject } from './law.js'
import { hasOperands, takesIntegers, where } from './reasons.js'

const onCases = (cases: fc.Arbitrary<Case>, engine: Engine, runs: Runs, settings?: EngineSettings): Promise<void> =>
  forAllAsync(
    [cases],
    ({ apply, observe, operands, tolerance }) =>
      agreesWithReference(engine, (xs) => observe(apply(xs)), operands, tolerance, settings),
    runs,
  )

const ordinary: EngineLaw = {
  name: 'ordinary values',
  statement: 'the engine computes f(x), x within the domain and away from jumps',
  tolerance: "the primitive's own (table of tolerances)",
  examples: 20,
  about: ['evaluate', 'decompose'],
  on: 'every engine',
  applies: where('ordinary values'),
  check: ({ generator }, engine, runs, settings) => onCases(generator.tame, engine, runs, settings),
}

const hostile: EngineLaw = {
  name: 'hostile values',
  statement: 'the same for both zeros, ties, subnormals, overflow, equal rows, rank 1',
  tolerance: "the primitive's own; subnormals count as 0, NaN and infinities must be alike where the engine has them",
  examples: 20,
  about: ['evaluate', 'decompose'],
  on: 'every engine',
  applies: where('hostile values'),
  check: ({ generator }, engine, runs, settings) => onCases(generator.hostile, engine, runs, settings),
}

const integers: EngineLaw = {
  name: 'whole numbers',
  statement: 'the same for i32, and for truth values where elements are only moved',
  tolerance: 'exact',
  examples: 20,
  about: ['evaluate', 'decompose'],
  on: 'every engine',
  applies: where('whole numbers', takesIntegers),
  check: ({ generator: { integers: cases } }, engine, runs, settings) =>
    cases === undefined ? Promise.resolve() : onCases(cases, engine, runs, settings),
}

/** The derivatives that there are, along fixed directions: all in one program. */
const derivativesOf = ({ generator: { derivative } }: Subject, { apply, observe, operands }: Case): ListFunction => {
  const floats = (xs: readonly Tensor[]): readonly Tensor[] => xs.filter((x) => isFloating(x.dtype))
  const us = direction(0, floats(operands), 'tangent')
  const ws = direction(0, floats(observe(apply(operands))), 'cotangent')
  if (us.length === 0 || ws.length === 0 || derivative === 'zero') return () => []
  return (xs) => {
    const f = (list: readonly Tensor[]): readonly Tensor[] => {
      let next = 0
      return floats(observe(apply(xs.map((x) => (isFloating(x.dtype) ? (list[next++] ?? x) : x)))))
    }
    const forwards = derivative === 'backwards' ? [] : jvp(f, [floats(xs)], [us])[1]
    return derivative === 'forwards' ? forwards : [...forwards, ...vjp(f, floats(xs))[1](ws)[0]]
  }
}

const largestOf = (x: Tensor): number => {
  let most = 0
  for (const value of x.data) if (Number.isFinite(value)) most = Math.max(most, Math.abs(value))
  return most
}

const share = 1e-4

/** Errors of several operations, in units of the largest result of each kind; whole numbers are exact. */
const ofLargest = (expected: readonly Tensor[]): Tolerance => {
  const sizes = expected.map((y) => (isFloating(y.dtype) ? Math.max(1, largestOf(y)) : 0))
  return {
    reason: `${share} of the largest`,
    allowed: (_, __, result) => share * (sizes[result] ?? 0),
  }
}

const transformed: EngineLaw = {
  name: 'transformed',
  statement: 'the engine computes J u, Jᵀ w and vmap(f): what the rules make of f, in one program',
  tolerance: `${share} of the largest element: a few operations, each within its own tolerance`,
  examples: 5,
  about: ['evaluate', 'decompose'],
  on: 'every engine',
  applies: where('transformed', hasOperands),
  check: (subject, engine, runs, settings) =>
    forAllAsync(
      [subject.generator.tame],
      (c) => {
        const n = c.operands.length
        const two = c.operands
          .map((x) => batchOf(x, 2, 0))
          .map(({ data, shape, dtype }) => new HostTensor(data, shape, dtype))
        const derivatives = derivativesOf(subject, c)
        const mapped = (xs: readonly Tensor[]): readonly Tensor[] =>
          vmap((...list: readonly Tensor[]) => c.observe(c.apply(list)))(...xs)
        const f: ListFunction = (xs) => [...derivatives(xs.slice(0, n)), ...mapped(xs.slice(n))]
        return agreesWithReference(engine, f, [...c.operands, ...two], ofLargest, settings)
      },
      runs,
    ),
}

/** The laws of an engine, for each primitive: ordinary and hostile values, whole numbers, derivatives and vmap. */
export const engineLaws: readonly EngineLaw[] = [ordinary, hostile, integers, transformed]

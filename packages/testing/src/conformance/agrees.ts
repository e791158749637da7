/* One program on an engine and on the reference evaluator. */
import { compile, type Engine, type HostTensor, makeIR, printIR, type Tensor } from '@cotangent/core'
import { flushed, isSubnormal } from '../compare/floats.js'
import type { Tolerance } from '../compare/tolerance.js'
import { LawError } from '../laws/lawError.js'
import { type ListFunction, mapData } from '../oracle.js'
import type { EngineSettings } from '../primitiveLaws/law.js'
import { type Difference, firstDifference } from './difference.js'

/** The results as host tensors. */
const onEngine = async (
  engine: Engine,
  f: ListFunction,
  operands: readonly Tensor[],
): Promise<readonly HostTensor[]> => {
  const results = await compile((xs: readonly Tensor[]) => [...f(xs)], engine)(operands)
  return Promise.all(results.map((x) => x.read()))
}

const hasSubnormals = (operands: readonly Tensor[]): boolean =>
  operands.some((x) => x.dtype === 'f32' && x.data.some(isSubnormal))

const withoutSubnormals = (x: Tensor): Tensor => (x.dtype === 'f32' ? mapData(x, flushed) : x)

const explained = (
  engine: Engine,
  f: ListFunction,
  operands: readonly Tensor[],
  { result, index, expected, received, allowed, what }: Difference,
  { reason }: Tolerance,
): LawError =>
  new LawError({
    check: engine.name,
    expected: `${what} must agree with the reference evaluator.`,
    received: `${received}, expected ${expected} (result ${result}, element ${index}), allowed ${allowed} (${reason})`,
    program: printIR(makeIR((xs: readonly Tensor[]) => [...f(xs)])(operands)),
  })

/**
 * What an engine computes is what the reference evaluator does, within a tolerance; subnormal numbers may count as 0.
 *
 * @param tolerance of each element; or made from the right results
 * @throws LawError naming the engine, the element, the tolerance, and the program
 */
export const agreesWithReference = async (
  engine: Engine,
  f: ListFunction,
  operands: readonly HostTensor[],
  tolerance: Tolerance | ((expected: readonly Tensor[]) => Tolerance),
  { slack = 1, nonFinite = 'equal' }: EngineSettings = {},
): Promise<void> => {
  const received = await onEngine(engine, f, operands)
  const expected = f(operands)
  const allowed = typeof tolerance === 'function' ? tolerance(expected) : tolerance
  const accepted = hasSubnormals(operands) ? [expected, f(operands.map(withoutSubnormals))] : [expected]
  const difference = firstDifference(accepted, received, allowed, { slack, nonFinite })
  if (difference !== null) throw explained(engine, f, operands, difference, allowed)
}

/**
 * Run again, and on engines that differ in the number of threads only, a program gives the same to the last bit.
 *
 * @param engines the first says what is expected of the others
 * @param repeats how often it runs on each
 * @throws LawError naming the engine, the run and the element
 */
export const repeatsAgree = async (
  engines: readonly Engine[],
  f: ListFunction,
  operands: readonly HostTensor[],
  repeats = 5,
): Promise<void> => {
  let expected: readonly HostTensor[] | null = null
  for (const engine of engines) {
    const compiled = compile((xs: readonly Tensor[]) => [...f(xs)], engine)
    for (let run = 1; run <= repeats; run++) {
      const results = await Promise.all((await compiled(operands)).map((x) => x.read()))
      expected ??= results
      for (const [i, y] of expected.entries()) {
        const place = y.data.findIndex((value, j) => !Object.is(value, results[i]?.data[j]))
        if (place < 0) continue
        throw new LawError({
          check: 'repeats agree',
          expected: `element ${place} of result ${i} must be ${y.data[place]} each time.`,
          received: `${results[i]?.data[place]} in run ${run} on ${engine.name}`,
        })
      }
    }
  }
}

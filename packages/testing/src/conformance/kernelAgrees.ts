/* An operation of a user's own, on the engine that it has a lowering on, and as it decomposes. */
import {
  type AnyPrimitive,
  type Engine,
  HostTensor,
  isFloating,
  makeIR,
  prepareIR,
  printIR,
  type Tensor,
  vmap,
} from '@cotangent/core'
import type { Tolerance } from '../compare/tolerance.js'
import { LawError } from '../laws/lawError.js'
import { batchOf } from '../laws/transforms.js'
import type { ListFunction } from '../oracle.js'
import type { EngineSettings } from '../primitiveLaws/law.js'
import { agreesWithReference } from './agrees.js'

/** A function that applies one primitive. */
export interface OwnOperation {
  (...operands: never[]): Tensor
  readonly primitive: Pick<AnyPrimitive, 'name'>
}

const share = 1e-5

const largestOf = (y: Tensor): number => {
  let most = 1
  for (const value of y.data) if (Number.isFinite(value)) most = Math.max(most, Math.abs(value))
  return most
}

/** In units of the largest result; whole numbers and truth values are exact. */
const ofLargest = (expected: readonly Tensor[]): Tolerance => {
  const allowed = expected.map((y) => (isFloating(y.dtype) ? share * largestOf(y) : 0))
  return { reason: `${share} of the largest`, allowed: (_, __, result) => allowed[result] ?? 0 }
}

/** @throws LawError where the program would not ask the engine for the primitive, so that nothing was compared. */
const checkRuns = (engine: Engine, { primitive }: OwnOperation, f: ListFunction, operands: readonly Tensor[]): void => {
  const program = makeIR((xs: readonly Tensor[]) => f(xs))(operands)
  const { equations } = prepareIR(program, (each) => engine.lowers(each))
  const own = equations.filter((equation) => Object.is(equation.primitive, primitive))
  if (own.length > 0 && own.every((equation) => engine.runs(equation))) return
  throw new LawError({
    check: `${primitive.name} on ${engine.name}`,
    expected: `the engine must run ${primitive.name} itself.`,
    received: own.length === 0 ? 'a program that it is decomposed in' : 'an equation that the host evaluates',
    program: printIR(program),
  })
}

/**
 * An engine that has its own way to compute an operation, a user's kernel, computes what the operation decomposes into:
 * for these operands, and under vmap for a batch of three that are made of them.
 *
 * @param operation of `defineKernel`, or any function with its primitive, of which the engine has a lowering
 * @param tolerance of each element; 1e-5 of the largest result by default, and integers alike
 * @throws LawError naming the engine, the element and the program; and where the engine leaves the operation to others
 */
export const kernelAgrees = async (
  engine: Engine,
  operation: OwnOperation,
  operands: readonly HostTensor[],
  tolerance: Tolerance | ((expected: readonly Tensor[]) => Tolerance) = ofLargest,
  settings: EngineSettings = {},
): Promise<void> => {
  const apply = operation as unknown as (...xs: readonly Tensor[]) => Tensor // border: operands are what it takes
  const alone: ListFunction = (xs) => [apply(...xs)]
  const mapped: ListFunction = (xs) => [vmap(apply)(...xs)]
  const batch = operands.map((x) => {
    const { data, shape, dtype } = batchOf(x, 3, 0)
    return new HostTensor(data, shape, dtype)
  })
  for (const [f, xs] of [[alone, operands] as const, [mapped, batch] as const]) {
    checkRuns(engine, operation, f, xs)
    await agreesWithReference(engine, f, xs, tolerance, settings)
  }
}

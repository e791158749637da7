/* The laws of every primitive in the registry, on the reference evaluator. 100 cases each, with a fixed seed. */
import * as testing from '@cotangent/testing'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { allocate, isFloating, sizeOf } from '../aval.js'
import { prepareIR } from '../compile/prepare.js'
import { checkIR } from '../ir/check.js'
import type { HostArray } from '../ir/ir.js'
import { inlineCalls } from '../ir/passes.js'
import { evaluateIR } from '../reference/evaluate.js'
import type { HostTensor, Tensor } from '../tensor.js'
import { makeIR } from '../trace/makeIR.js'
import { transposeIR } from '../transforms/transpose.js'
import { vjp } from '../transforms/vjp.js'
import { vmap } from '../transforms/vmap.js'
import { mul, sub } from './arithmetic.js'
import { onesLike, zerosLike } from './broadcast.js'
import { composedPrimitives, type PrimitiveName, primitives } from './index.js'
import { sum } from './reduction.js'

const names = Object.keys(primitives) as PrimitiveName[]
const runs = testing.lawRuns()

const holds = (cases: fc.Arbitrary<testing.Case>, law: (c: testing.Case, seed: number) => void): void =>
  fc.assert(fc.property(cases, fc.nat(1000), law), runs)

/** The case as a function of its operands. */
const of =
  ({ apply }: testing.Case) =>
  (...xs: readonly Tensor[]): readonly Tensor[] =>
    apply(xs)

const differentiable = ({ operands }: testing.Case): boolean => operands.some((x) => isFloating(x.dtype))

describe.each(names)('%s', (name) => {
  const { tame, hostile, integers = tame, derivative } = testing.primitiveGenerators[name]

  test('its shape rule gives the shapes and dtypes of its results', () => {
    holds(fc.oneof(tame, hostile, integers), ({ apply, operands }) => {
      const program = makeIR((xs: readonly Tensor[]) => [...apply(xs)])(operands)
      checkIR(program)
      const results = apply(operands)
      expect(results.map((y) => y.aval)).toEqual(program.outputs.map((atom) => atom.aval))
      for (const y of results) expect(y.data.length).toBe(sizeOf(y.shape))
    })
  })

  test('under vmap its program holds primitives of the registry only', () => {
    const registered: Readonly<Record<string, unknown>> = primitives
    holds(tame, (c) => {
      if (c.operands.length === 0) return
      const batched = c.operands.map((x) => testing.batchOf(x, 2, 0))
      const program = inlineCalls(makeIR((...xs: readonly Tensor[]) => vmap(of(c))(...xs))(...batched))
      checkIR(program)
      for (const { primitive } of program.equations) expect(registered[primitive.name]).toBe(primitive)
    })
  })

  test('its evaluation fills all of its results', () => {
    holds(tame, ({ apply, operands }) => {
      const { equations } = makeIR((xs: readonly Tensor[]) => [...apply(xs)])(operands)
      const equation = equations.find(({ primitive }) => primitive.name === name)
      if (equation === undefined || equation.inputs.length !== operands.length) return
      const filledWith = (value: number): readonly HostArray[] =>
        equation.results.map(({ aval }) => {
          const data = allocate(aval.dtype, sizeOf(aval.shape)).fill(value)
          return { ...aval, data }
        })
      const [ones, twos] = [filledWith(1), filledWith(2)]
      for (const results of [ones, twos]) equation.primitive.evaluate(operands, equation.attrs, results, evaluateIR)
      expect(ones).toEqual(twos)
    })
  })

  test('under vmap it is the loop, for any axes', () => {
    const layouts = fc.tuple(
      fc.oneof({ arbitrary: tame, weight: 3 }, { arbitrary: integers, weight: 1 }),
      fc.integer({ min: 1, max: 3 }),
      fc.array(fc.nat(100), { minLength: 8, maxLength: 8 }),
    )
    fc.assert(
      fc.property(layouts, ([c, size, picks]) => {
        if (c.operands.length === 0) return
        const always = (picks[6] ?? 0) % c.operands.length
        const axes = c.operands.map((x, i) => {
          const pick = picks[i] ?? 0
          return i !== always && pick % 3 === 0 ? null : pick % (x.rank + 1)
        })
        const batched = c.operands.map((x, i) => batchedBy(x, size, axes[i] ?? null))
        const lowest = Math.min(...c.apply(c.operands).map((y) => y.rank))
        testing.vmapIsLoop(of(c), batched, { axes, outAxis: (picks[7] ?? 0) % (lowest + 1) })
      }),
      runs,
    )
  })

  test('under vmap of vmap it is the loop of loops; over nothing it gives nothing', () => {
    holds(tame, (c) => {
      if (c.operands.length === 0) return
      const batched = c.operands.map((x) => testing.batchOf(x, 2, 0))
      testing.vmapOfNothing(of(c), batched)
      const inner = (...xs: readonly Tensor[]): readonly Tensor[] => vmap(of(c))(...xs)
      testing.vmapIsLoop(
        inner,
        batched.map((x) => testing.batchOf(x, 2, 0)),
      )
    })
  })

  test('jit is eager', () => {
    holds(fc.oneof(tame, hostile, integers), (c) => testing.jitIsEager(of(c), c.operands))
  })

  if (name in composedPrimitives) {
    test('its decomposition agrees with its evaluation, in f64', () => {
      holds(tame, ({ apply, observe, operands }) => {
        const program = makeIR((xs: readonly Tensor[]) => [...observe(apply(xs))])(operands)
        const parts = prepareIR(program, (primitive) => primitive.name !== name)
        checkIR(parts)
        expect(parts.equations.some(({ primitive }) => primitive.name === name)).toBe(false)
        const [whole, composed] = [program, parts].map((ir) => evaluateIR(ir, operands, { floats: 'f64' }))
        for (const [i, y] of (whole ?? []).entries()) {
          const other = composed?.[i]
          if (other === undefined) throw new Error('a result is missing')
          for (const [place, value] of y.data.entries()) {
            expect(Math.abs(value - (other.data[place] ?? Number.NaN))).toBeLessThanOrEqual(
              1e-10 * Math.max(1, Math.abs(value)),
            )
          }
        }
      })
    })
  }

  if (derivative === 'zero') {
    test('its derivative is zero', () => holds(tame, (c, seed) => testing.derivativeIsZero(of(c), c.operands, seed)))
    return
  }

  test('its derivative, and the derivative of that, agree with differences; modes are dual', () => {
    const forward = derivative === 'true'
    holds(tame, (c, seed) => {
      if (differentiable(c)) testing.derivativeIsRight(of(c), c.operands, { seed, forward, order: forward ? 2 : 1 })
    })
  })

  test('the programs of its derivatives are well formed, in f32 and in f64', () => {
    holds(tame, (c) => {
      if (!differentiable(c)) return
      for (const operands of [c.operands, c.operands.map(testing.widened)]) {
        const pulled = (...xs: readonly Tensor[]): unknown => {
          const floats = xs.filter((x) => isFloating(x.dtype))
          const [results, pull] = vjp((...ys: readonly Tensor[]) => floating(c, xs, ys), ...floats)
          return pull(results.map((y) => onesLike(y)))
        }
        checkIR(inlineCalls(makeIR(pulled)(...operands)))
        const batched = operands.map((x) => testing.batchOf(x, 2, 0))
        checkIR(inlineCalls(makeIR((...xs: readonly Tensor[]) => vmap(pulled)(...xs))(...batched)))
      }
    })
  })

  test('its derivatives are linear, and fit its operands', () => {
    holds(tame, (c, seed) => {
      if (!differentiable(c)) return
      if (derivative === 'true') testing.jvpIsLinear(of(c), c.operands, seed)
      testing.vjpIsLinear(of(c), c.operands, seed)
      testing.cotangentsFitArguments(of(c), c.operands)
    })
  })

  test('where it is linear, it is exactly so', () => {
    const { transpose } = primitives[name]
    holds(tame, (c, seed) => {
      for (const [i, x] of c.operands.entries()) {
        if (!isFloating(x.dtype) || typeof transpose(i) !== 'function') continue
        const whole = c.operands.map((y) =>
          isFloating(y.dtype) ? testing.mapData(y, name === 'div' ? powerOfTwo : Math.round) : y,
        )
        const rest = (value: Tensor): readonly Tensor[] => c.apply(whole.map((y, j) => (j === i ? value : y)))
        testing.linearIsExact(rest, [whole[i]], seed)
      }
    })
  })

  test('where it is linear, its transpose rule is the transpose: <w, L u> = <Lᵀ w, u>', () => {
    const { transpose } = primitives[name]
    holds(tame, (c, seed) => {
      for (const [i, x] of c.operands.entries()) {
        if (!isFloating(x.dtype) || typeof transpose(i) !== 'function') continue
        const whole = c.operands.map((y) =>
          isFloating(y.dtype) ? testing.mapData(y, name === 'div' ? powerOfTwo : Math.round) : y,
        )
        const rest = (value: Tensor): Tensor => only(c.apply(whole.map((y, j) => (j === i ? value : y))))
        const u = smallWhole(x, seed)
        const program = makeIR(rest)(u)
        if (!program.outputs.every((atom) => isFloating(atom.aval.dtype))) continue
        const w = smallWhole(rest(u), seed + 1)
        const [pulled] = transposeIR(inlineCalls(program), program.captured, [w])
        const rise = sub(rest(u), rest(zerosLike(u))) // add and sub have the other operand in them
        const [left, right] = [sum(mul(w, rise)).item(), sum(mul(pulled ?? zerosLike(u), u)).item()]
        expect(Math.abs(right - left)).toBe(0)
      }
    })
  })
})

const only = ([y]: readonly Tensor[]): Tensor => {
  if (y === undefined) throw new Error('a linear primitive has one result')
  return y
}

/** Whole numbers from -2 to 2. */
const smallWhole = (like: Tensor, seed: number): HostTensor =>
  testing.mapData(zerosLike(like), (_, i) => ((i * 7 + seed) % 5) - 2)

/** The floating results, as a function of the floating operands. */
const floating = ({ apply }: testing.Case, operands: readonly Tensor[], xs: readonly Tensor[]): readonly Tensor[] => {
  let next = 0
  return apply(operands.map((x) => (isFloating(x.dtype) ? (xs[next++] ?? x) : x))).filter((y) => isFloating(y.dtype))
}

/** Division by it is exact. */
const powerOfTwo = (x: number): number => 2 ** Math.round(x / 2)

const batchedBy = (x: HostTensor, size: number, axis: number | null): Tensor =>
  axis === null ? x : testing.batchOf(x, size, axis)

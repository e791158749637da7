/* Random programs under grad, vmap and jit, in any order and nested; and what passes make of them. */
import {
  batchOf,
  chainRule,
  checkGrads,
  forAll,
  hessianIsSymmetric,
  jitIsEager,
  lawRuns,
  productRule,
  programArbitrary,
  quotientRule,
  type RandomProgram,
  throwingLeavesNothing,
  tracedOncePerSignature,
  transformsArbitrary,
  transformsCompose,
  vmapIsLoop,
  widened,
} from '@cotangent/testing'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decompose, prepareIR } from '../compile/prepare.js'
import { planStages } from '../compile/stages.js'
import { checkIR } from '../ir/check.js'
import { hashIR } from '../ir/hash.js'
import type { IR } from '../ir/ir.js'
import { dropIdentities, dropUnused, inlineCalls, shareCommon } from '../ir/passes.js'
import { printIR } from '../ir/print.js'
import { add, mul } from '../primitives/arithmetic.js'
import { expandDims } from '../primitives/broadcast.js'
import { basicPrimitives, hostPrimitives } from '../primitives/index.js'
import { sum } from '../primitives/reduction.js'
import { sin } from '../primitives/smooth.js'
import { evaluateIR } from '../reference/evaluate.js'
import { HostTensor, type Tensor } from '../tensor.js'
import { evalIR, makeIR } from '../trace/makeIR.js'
import { jit } from './jit.js'
import { jvp } from './jvp.js'
import { linearize } from './linearize.js'
import { grad, valueAndGrad } from './vjp.js'
import { vmap } from './vmap.js'

/** The largest |a - b|, relative to the largest |b| (at least 1). */
const distance = (a: readonly Tensor[], b: readonly Tensor[]): number => {
  let [gap, size] = [0, 1]
  for (const [i, y] of b.entries()) {
    for (const [j, value] of y.data.entries()) {
      gap = Math.max(gap, Math.abs((a[i]?.data[j] ?? Number.NaN) - value))
      size = Math.max(size, Math.abs(value))
    }
  }
  return gap / size
}

/** A program as a function of one list, in f64 so that rounding is out of the way. */
const listed =
  ({ f }: RandomProgram) =>
  (xs: readonly Tensor[]): Tensor =>
    f(...xs)

const wide = ({ args }: RandomProgram): readonly HostTensor[] => args.map(widened)

type Scalar = (xs: readonly Tensor[]) => Tensor
type Lists = (xs: readonly Tensor[]) => readonly Tensor[]

/** One copy of each argument in front: a batch of one, of two for the others. */
const twice = (xs: readonly Tensor[]): readonly Tensor[] => xs.map((x) => batchOf(x, 2, 0))

describe('derivatives', () => {
  test('of smooth programs agree with differences, to second order', () =>
    forAll(
      [programArbitrary({ smooth: true, maxSteps: 8 }), fc.nat(1000)],
      ({ f, args }, seed) => checkGrads((...xs: readonly Tensor[]) => f(...xs), args, { seed, everyCoordinate: 0 }),
      lawRuns(60),
    ))

  test('of any program: forward, backward and linearize are one derivative', () =>
    forAll([programArbitrary()], (program) => {
      const [f, xs] = [listed(program), wide(program)]
      const us = xs.map(
        (x) =>
          new HostTensor(
            x.data.map((_, i) => Math.cos(i)),
            x.shape,
            'f64',
          ),
      )
      const slope = jvp(f, [xs], [us])[1].item()
      const [value, push] = linearize(f, xs)
      expect(value.item()).toBe(f(xs).item())
      expect(Math.abs(push(us).item() - slope)).toBeLessThanOrEqual(1e-12 * Math.max(1, Math.abs(slope)))
      const gradient = grad(f)(xs)
      const along = gradient.map((g, i) => sum(mul(g, us[i] ?? g)).item()).reduce((a, b) => a + b, 0)
      expect(Math.abs(along - slope)).toBeLessThanOrEqual(1e-10 * Math.max(1, Math.abs(slope)))
      expect(valueAndGrad(f)(xs)[0].item()).toBe(value.item())
    }))

  test('the chain, product and quotient rules hold', () =>
    forAll(
      [programArbitrary({ smooth: true, maxSteps: 4 }), programArbitrary({ smooth: true, maxSteps: 4 })],
      ({ f, args }, { f: g }) => {
        chainRule(f, (y: Tensor) => sin(mul(y, y)), args)
        productRule(f, g, args)
        quotientRule(f, (...xs: Tensor[]) => add(mul(g(...xs), g(...xs)), 0.5), args)
      },
      lawRuns(40),
    ))

  test('the Hessian is symmetric: forward over reverse, reverse over forward, reverse over reverse agree', () =>
    forAll(
      [programArbitrary({ smooth: true, maxSteps: 5 })],
      ({ f, args }) => hessianIsSymmetric(f, args),
      lawRuns(50),
    ))
})

/** Transforms of functions from a list to a list, each the identity on values in its own way. */
const wrappers: Readonly<Record<string, (f: Lists) => Lists>> = {
  jit: (f) => jit(f),
  // the function on a batch of one
  vmap: (f) => (xs) => vmap(f)(xs.map((x) => expandDims(x, 0))).map((y) => sum(y, 0)),
  // the derivative of t -> t f(x) at any t
  jvp: (f) => (xs) => jvp((t: Tensor) => f(xs).map((y) => mul(y, t)), [one(xs)], [one(xs)])[1],
  // the same backwards: <f(x), 1> by pulling a cotangent through t -> t f(x), result by result
  grad: (f) => (xs) => f(xs).map((y) => add(y, mul(sum(grad((t: Tensor) => sum(mul(mul(y, t), t)))(one(xs))), 0))),
}

const one = (xs: readonly Tensor[]): Tensor => {
  const [x] = xs
  return x === undefined ? new HostTensor(Float64Array.of(1), [], 'f64') : add(mul(sum(x), 0), 1)
}

describe('transforms', () => {
  test('of transforms, two or three deep, are what they say: each may be replaced by other means', () =>
    forAll(
      [programArbitrary({ maxSteps: 4, maxArguments: 2, maxSize: 3 }), transformsArbitrary()],
      ({ f, args }, names) => transformsCompose(f, args, names),
      lawRuns(60),
    ))

  test('throw and leave nothing behind; jit traces once', () =>
    forAll(
      [programArbitrary({ maxSteps: 4 })],
      ({ f, args }) => {
        throwingLeavesNothing(f, args)
        tracedOncePerSignature(f, [args, args.map((x) => mul(x, 2))], 1)
      },
      lawRuns(20),
    ))

  const order = fc.array(fc.constantFrom(...Object.keys(wrappers)), { minLength: 1, maxLength: 4 })

  test('in any order and to any depth leave the gradient as it is', () => {
    forAll(
      [programArbitrary({ maxSteps: 6 }), order],
      (program, names) => {
        const [f, xs] = [listed(program), wide(program)]
        const gradient: Lists = (list) => grad(f)(list)
        const wrapped = names.reduce((g, name) => wrappers[name]?.(g) ?? g, gradient)
        expect(distance(wrapped(xs), gradient(xs))).toBeLessThan(1e-12)
      },
      lawRuns(60),
    )
  })

  test('grad of a transformed function is the gradient too', () => {
    forAll(
      [programArbitrary({ maxSteps: 6 }), order],
      (program, names) => {
        const [f, xs] = [listed(program), wide(program)]
        const wrapped = names.reduce<Lists>(
          (g, name) => wrappers[name]?.(g) ?? g,
          (list) => [f(list)],
        )
        const scalar: Scalar = (list) =>
          wrapped(list)
            .map((y) => sum(y))
            .reduce((a, b) => add(a, b))
        expect(distance(grad(scalar)(xs), grad(f)(xs))).toBeLessThan(1e-12)
      },
      lawRuns(60),
    )
  })

  test('vmap of grad is a loop of gradients; grad of the sum over a batch is the sum', () => {
    forAll(
      [programArbitrary({ maxSteps: 8 })],
      (program) => {
        const [f, xs] = [listed(program), wide(program)]
        const batch = twice(xs)
        vmapIsLoop((...list: readonly Tensor[]) => grad(f)(list), batch, { rtol: 1e-13 })
        const whole = grad((list: readonly Tensor[]) => sum(vmap(f)(list)))(batch)
        expect(distance(whole, vmap((list: readonly Tensor[]) => grad(f)(list))(batch))).toBeLessThan(1e-13)
      },
      lawRuns(60),
    )
  })

  test('jit is eager, of the program and of its gradient', () => {
    forAll(
      [programArbitrary({ minLength: 0 })],
      (program) => {
        jitIsEager(program.f, program.args)
        jitIsEager((...xs: readonly Tensor[]) => grad(listed(program))(xs), program.args)
      },
      lawRuns(),
    )
  })

  test('an f32 program in f64 is the f64 program', () => {
    forAll(
      [programArbitrary()],
      (program) => {
        const oracle = evalIR(makeIR((...xs: Tensor[]) => program.f(...xs))(...program.args), program.args, {
          floats: 'f64',
        })
        expect(distance([oracle], [program.f(...wide(program))])).toBeLessThan(1e-12)
      },
      lawRuns(),
    )
  })
})

/** The program of a random function's value and gradient: calls inside, constants, everything. */
const gradientProgram = (program: RandomProgram): IR =>
  makeIR((...xs: readonly Tensor[]) => valueAndGrad(listed(program))(xs))(...program.args)

const basicOnly = ({ name }: { readonly name: string }): boolean => name in basicPrimitives || name in hostPrimitives

describe('passes', () => {
  const passes: Readonly<Record<string, (ir: IR) => IR>> = {
    inlineCalls,
    dropIdentities: (ir) => dropIdentities(inlineCalls(ir)),
    dropUnused,
    shareCommon,
    decompose: (ir) => decompose(inlineCalls(ir), basicOnly),
    'prepareIR, all basic': (ir) => prepareIR(ir, basicOnly),
    'prepareIR, nothing decomposed': (ir) => prepareIR(ir, () => true),
  }

  test.each(Object.entries(passes))('%s: the program stays well formed and computes the same', (_, pass) => {
    forAll(
      [programArbitrary({ maxSteps: 8 })],
      (program) => {
        const before = gradientProgram(program)
        checkIR(before)
        const after = pass(before)
        checkIR(after)
        const [expected, received] = [inlineCalls(before), inlineCalls(after)].map((ir) =>
          evaluateIR(ir, program.args, { floats: 'f64' }).map(({ data, shape }) => new HostTensor(data, shape, 'f64')),
        )
        expect(distance(received ?? [], expected ?? [])).toBeLessThan(1e-11)
      },
      lawRuns(50),
    )
  })

  test('passes leave nothing twice, nothing unused, and settle', () => {
    forAll(
      [programArbitrary({ maxSteps: 8 })],
      (program) => {
        const ready = prepareIR(gradientProgram(program), basicOnly)
        const again = prepareIR(ready, basicOnly)
        expect(again.equations.length).toBe(ready.equations.length)
        expect(hashIR(again)).toBe(hashIR(ready))
        expect(printIR(makeIRAgain(program))).toBe(printIR(gradientProgram(program)))
      },
      lawRuns(50),
    )
  })

  test('staged execution is direct evaluation, wherever the equations run', () => {
    forAll(
      [programArbitrary({ maxSteps: 8 }), fc.nat(6)],
      (program, modulus) => {
        const ir = prepareIR(gradientProgram(program), basicOnly)
        let n = 0
        const stages = planStages(ir, () => modulus === 0 || n++ % (modulus + 1) !== 0)
        const values = new Map(ir.inputs.map((v, i) => [v.id, program.args[i]]))
        for (const stage of stages) {
          checkIR(stage.ir)
          const inputs = stage.ir.inputs.map((v) => {
            const value = values.get(v.id)
            if (value === undefined) throw new Error('a stage needs a value that no earlier one computes')
            return value
          })
          const results = evaluateIR(stage.ir, inputs)
          for (const [i, atom] of stage.ir.outputs.entries()) {
            const y = results[i]
            if (atom.kind === 'var' && y !== undefined) values.set(atom.id, new HostTensor(y.data, y.shape, y.dtype))
          }
        }
        const direct = evaluateIR(ir, program.args)
        for (const [i, atom] of ir.outputs.entries()) {
          if (atom.kind === 'var') expect(values.get(atom.id)?.data).toEqual(direct[i]?.data)
        }
      },
      lawRuns(50),
    )
  })
})

/** Traced a second time: other variables, the same text. */
const makeIRAgain = (program: RandomProgram): IR => gradientProgram(program)

/* Where equations come from, through transforms and passes. */
import { describe, expect, test } from 'vitest'
import { prepareIR } from '../compile/prepare.js'
import { planStages } from '../compile/stages.js'
import { scan } from '../control/scan.js'
import type { Equation, IR } from '../ir/ir.js'
import { inlineCalls } from '../ir/passes.js'
import { printIR } from '../ir/print.js'
import { add, log, mul } from '../primitives/arithmetic.js'
import { ones } from '../primitives/broadcast.js'
import { softmax, sum, variance } from '../primitives/reduction.js'
import { gelu, sin } from '../primitives/smooth.js'
import { array, scalar, type Tensor } from '../tensor.js'
import { checkpoint } from '../transforms/checkpoint.js'
import { jit } from '../transforms/jit.js'
import { jvp } from '../transforms/jvp.js'
import { grad, valueAndGrad } from '../transforms/vjp.js'
import { vmap } from '../transforms/vmap.js'
import { callSite } from './callSite.js'
import { makeIR } from './makeIR.js'
import { scope } from './origin.js'

/** This file's line of a frame behind the caller's. */
const here = (): number => Number(/origin\.test\.ts:(\d+)/.exec(new Error().stack?.split('\n')[2] ?? '')?.[1])

const lineOf = ({ origin }: Equation): number | undefined => origin?.site?.line?.line

/** Name of the primitive, line less that of the function, pass, and scopes. */
const shown = (ir: IR, line: number): readonly string[] =>
  ir.equations.map(({ primitive, origin, ...rest }) => {
    const at = lineOf({ primitive, ...rest, ...(origin === undefined ? {} : { origin }) })
    const place = at === undefined ? 'nowhere' : `+${at - line}`
    const of = origin?.of === null || origin === undefined ? '' : ` of ${origin.of}`
    return [primitive.name, place, `${origin?.pass}${of}`, ...(origin?.scope ?? [])].join(' ')
  })

describe('the line of an equation', () => {
  test('is the caller’s, whatever lies between', () => {
    const line = here()
    const f = (x: Tensor) => {
      const y = variance(x)
      return add(y, softmax(x))
    }
    const { equations } = makeIR(f)(ones([3]))
    expect(new Set(equations.slice(0, -2).map(lineOf))).toEqual(new Set([line + 2, line + 3]))
    const [first] = equations
    expect(first?.origin?.site?.line).toMatchObject({
      file: 'packages/core/src/trace/origin.test.ts',
      line: line + 2,
      function: 'f',
      via: ['variance'],
    })
  })

  test('is the one in the function, not the call of the transform', () => {
    const line = here()
    const f = (x: Tensor) => {
      const y = sin(x)
      return sum(y)
    }
    for (const g of [f, jit(f), grad(f), (x: Tensor) => vmap(f)(x), (x: Tensor) => jvp(f, [x], [x])]) {
      const { equations } = inlineCalls(makeIR(g as (x: Tensor) => unknown)(ones([2, 2])))
      const lines = new Set(equations.map(lineOf))
      expect([...lines].every((at) => at === line + 2 || at === line + 3)).toBe(true)
      expect(lines).toContain(line + 3)
    }
  })

  test('of a function whose frames were not kept is the outermost that was', () => {
    const deep = (n: number): unknown => (n === 0 ? callSite().line : deep(n - 1))
    expect(deep(50)).toMatchObject({ function: 'deep' })
  })

  test('is not looked up before it is asked for', () => {
    const { equations } = makeIR((x: Tensor) => sin(x))(scalar(1))
    const site = equations[0]?.origin?.site
    expect(site?.line).toBe(site?.line) // the same object: written out once
    expect(Object.keys(site ?? {})).toEqual([])
  })
})

describe('the pass of an equation', () => {
  test('value, derivative and cotangents of a gradient', () => {
    const line = here()
    const f = (x: Tensor) => {
      const y = sin(x)
      return sum(mul(y, x))
    }
    expect(
      shown(
        prepareIR(makeIR(valueAndGrad(f))(array([1, 2])), () => true),
        line,
      ),
    ).toEqual([
      'sin +2 forward',
      'cos +2 derivative of sin',
      'mul +3 forward',
      'reduceSum +3 forward',
      'reshape +3 backward of reduceSum',
      'broadcastTo +3 backward of reduceSum',
      'mul +3 backward of mul',
      'mul +3 backward of mul',
      'mul +2 backward of sin',
      'add +2 backward of sin',
    ])
  })

  test('what a checkpoint computes again is part of the backward pass', () => {
    const f = (x: Tensor) => sum(checkpoint((y: Tensor) => sin(sin(y)))(x))
    const { equations } = prepareIR(makeIR(valueAndGrad(f))(array([1])), () => true)
    const sines = equations.filter(({ primitive }) => primitive.name === 'sin')
    expect(sines.map(({ origin }) => [origin?.pass, origin?.of])).toEqual([
      ['forward', null],
      ['forward', null],
      ['backward', 'checkpoint'],
    ])
  })

  test('of a second derivative stays with the primal operation', () => {
    const f = (x: Tensor) => sum(log(x))
    const { equations } = makeIR((x: Tensor) => grad((y: Tensor) => sum(grad(f)(y)))(x))(array([2]))
    const ofLog = equations.filter(({ origin }) => origin?.of === 'log')
    expect(ofLog.length).toBeGreaterThan(2)
  })
})

describe('scopes', () => {
  test('nest, and are in what transforms make of their equations', () => {
    const f = (x: Tensor) =>
      scope('outer', () =>
        add(
          scope('inner', () => sum(sin(x))),
          sum(x),
        ),
      )
    const scopes = makeIR(grad(f))(array([1, 2])).equations.map(({ primitive, origin }) => [
      primitive.name,
      origin?.scope.join('/'),
    ])
    expect(scopes).toContainEqual(['sin', 'outer/inner'])
    expect(scopes).toContainEqual(['cos', 'outer/inner'])
    expect(scopes).toContainEqual(['add', 'outer'])
  })

  test('of a function that is traced once are those of each call', () => {
    const wave = jit((x: Tensor) => scope('wave', () => sin(x)))
    const f = (x: Tensor) =>
      add(
        scope('left', () => wave(x)),
        scope('right', () => wave(x)),
      )
    const sines = inlineCalls(makeIR(f)(scalar(1))).equations.filter(({ primitive }) => primitive.name === 'sin')
    expect(sines.map(({ origin }) => origin?.scope)).toEqual([
      ['left', 'wave'],
      ['right', 'wave'],
    ])
  })

  test('within a loop, and around its transform', () => {
    const f = (xs: Tensor) =>
      scope('loop', () => scan((c: Tensor, x: Tensor) => scope('step', () => [add(c, sin(x)), c]), scalar(0), xs)[0])
    const text = printIR(makeIR(grad(f))(ones([3])), { sources: true })
    expect(text).toMatch(/= scan\[[\s\S]*= cos \w+ {2}# .*, in step, derivative of sin\n/)
    expect(text).toMatch(/\}\] .* {2}# .*, in loop, backward of scan\n/)
  })

  test('end where the function throws', () => {
    const stops = (): Tensor => {
      throw new Error('stop')
    }
    expect(() => makeIR((x: Tensor) => scope('a', () => add(x, stops())))(scalar(1))).toThrow('stop')
    expect(makeIR((x: Tensor) => sin(x))(scalar(1)).equations[0]?.origin?.scope).toEqual([])
  })

  test('outside of a trace do nothing', () => {
    expect(scope('eager', () => sin(scalar(0))).item()).toBe(0)
  })
})

test('passes keep it: decompositions have the line of what they stand for, stages that of the program', () => {
  const line = here()
  const f = (x: Tensor) => scope('act', () => gelu(x))
  const ir = prepareIR(makeIR(f)(ones([2])), ({ name }) => name !== 'gelu')
  expect(ir.equations.length).toBeGreaterThan(3)
  for (const stage of planStages(ir, () => true)) {
    for (const each of stage.ir.equations) {
      expect(lineOf(each)).toBe(line + 1)
      expect(each.origin?.scope).toEqual(['act'])
    }
  }
})

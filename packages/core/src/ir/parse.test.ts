/* parseIR reads back what printIR writes. */
import * as testing from '@cotangent/testing'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cond } from '../control/cond.js'
import { scan } from '../control/scan.js'
import { whileLoop } from '../control/whileLoop.js'
import { ParseError } from '../errors.js'
import { add, div, log, mul, sub } from '../primitives/arithmetic.js'
import { zeros } from '../primitives/broadcast.js'
import { less } from '../primitives/choice.js'
import { type PrimitiveName, primitives } from '../primitives/index.js'
import { dataAttrs, definePrimitive, notDifferentiable, notLinear } from '../primitives/primitive.js'
import { sum } from '../primitives/reduction.js'
import { cos, sin } from '../primitives/smooth.js'
import { evaluateIR } from '../reference/evaluate.js'
import { array, scalar, type Tensor } from '../tensor.js'
import { bind1 } from '../trace/bind.js'
import { makeIR } from '../trace/makeIR.js'
import { scope } from '../trace/origin.js'
import { checkpoint } from '../transforms/checkpoint.js'
import { customJvp } from '../transforms/customJvp.js'
import { customVjp } from '../transforms/customVjp.js'
import { jit } from '../transforms/jit.js'
import { jvp } from '../transforms/jvp.js'
import { grad, valueAndGrad } from '../transforms/vjp.js'
import { vmap } from '../transforms/vmap.js'
import { checkIR } from './check.js'
import type { HostArray, IR } from './ir.js'
import { parseIR } from './parse.js'
import { parseOrigin } from './parseOrigin.js'
import { printIR, printOrigin } from './print.js'

const readBack = (ir: IR): IR => {
  const text = printIR(ir)
  const read = parseIR(text)
  checkIR(read)
  expect(printIR(read)).toBe(text)
  return read
}

const bits = (arrays: readonly HostArray[]): readonly (readonly number[])[] =>
  arrays.map(({ data }) => Array.from(data))

const names = Object.keys(testing.primitiveGenerators) as PrimitiveName[] // border: keys of a record

describe('every primitive', () => {
  test.each(names)('%s', (name) => {
    const { tame, hostile, integers = tame } = testing.primitiveGenerators[name]
    fc.assert(
      fc.property(fc.oneof(tame, hostile, integers), ({ apply, operands }) => {
        const { captured, ...ir } = makeIR((xs: readonly Tensor[]) => [...apply(xs)])(operands)
        const inputs = [...captured, ...operands]
        expect(bits(evaluateIR(readBack(ir), inputs))).toEqual(bits(evaluateIR(ir, inputs)))
      }),
      testing.lawRuns(40),
    )
  })
})

test('random programs, their gradients and batches, evaluate alike', () => {
  fc.assert(
    fc.property(testing.programArbitrary(), ({ f, args }) => {
      for (const g of [f, valueAndGrad(f), vmap(f, { inAxes: args.map(() => null), axisSize: 2 })]) {
        const { captured, ...ir } = makeIR(g as (...xs: Tensor[]) => unknown)(...args)
        const inputs = [...captured, ...args]
        expect(bits(evaluateIR(readBack(ir), inputs))).toEqual(bits(evaluateIR(ir, inputs)))
      }
    }),
    testing.lawRuns(40),
  )
})

test('a program of many variables, some of which are called in and let', () => {
  const long = makeIR((x: Tensor) => {
    let y = x
    for (let i = 0; i < 9000; i++) y = sin(y)
    return y
  })(array([1]))
  expect(printIR(long)).toMatch(/ let:f32\[1\] = sin \w+\n/)
  const read = parseIR(printIR(long))
  expect(printIR(read)).toBe(printIR(long))
  expect(printIR(read)).toMatch(/ in:f32\[1\] = sin \w+\n/)
})

test('programs in programs, under names that are no words', () => {
  const named = (name: string, f: (x: Tensor) => Tensor) => jit(Object.defineProperty(f, 'name', { value: name }))
  const strange = ['', 'a b', 'true', '}]) in ( # "', 'NaN', 'it’s', '\n']
  const f = (x: Tensor) => strange.reduce((y, name) => named(name, (z) => mul(z, 2))(y), x)
  const ir = makeIR(f)(array([1]))
  expect(readBack(ir).equations.map(({ attrs }) => (attrs as { name: string }).name)).toEqual(strange)
  const text = printIR(ir, { sources: true })
  expect(printIR(parseIR(text), { sources: true })).toBe(text)
})

test('loops, choices and checkpoints, and what transforms make of them', () => {
  const choice = (c: Tensor, x: Tensor) =>
    cond(
      less(x, 0),
      (y: Tensor) => mul(y, c),
      (y: Tensor) => sin(y),
      x,
    )
  const loop = (xs: Tensor) =>
    sum(scan((c: Tensor, x: Tensor) => [add(c, checkpoint(choice)(c, x)), c], scalar(1), xs)[1])
  const steps = (x: Tensor) =>
    whileLoop(
      (c: Tensor) => less(sum(c), 9),
      (c: Tensor) => mul(c, 2),
      x,
    )
  const xs = array([0.5, -1, 2])
  const tangent = (x: Tensor) => jvp(steps, [x], [x])
  const rows = array([
    [0.5, -1, 2],
    [1, 1, -3],
  ])
  for (const [f, x] of [
    [loop, xs],
    [grad(loop), xs],
    [grad((y: Tensor) => sum(grad(loop)(y))), xs],
    [vmap(grad(loop)), rows],
    [steps, xs],
    [tangent, xs],
    [vmap(steps), rows],
  ] as const) {
    const { captured, ...ir } = makeIR(f as (x: Tensor) => unknown)(x)
    expect(bits(evaluateIR(readBack(ir), [...captured, x]))).toEqual(bits(evaluateIR(ir, [...captured, x])))
  }
})

test('a function with a derivative of its own has it still', () => {
  const odd = customVjp((x: Tensor) => mul(x, 2), {
    forward: (x): [Tensor, Tensor] => [mul(x, 2), sin(x)],
    backward: (residual, ct) => [mul(residual, ct)],
  })
  const ir = readBack(makeIR((x: Tensor) => sum(odd(x)))(array([0.5])))
  const [equation] = ir.equations
  const apply = (x: Tensor): Tensor => sum(bind1(equation?.primitive ?? primitives.sin, [x], equation?.attrs))
  expect(grad(apply)(array([0.5])).item()).toBeCloseTo(Math.sin(0.5), 6)
})

test('a rule that calls the function it belongs to holds itself, read back too', () => {
  const sinc: (x: Tensor) => Tensor = customJvp(
    (x: Tensor) => div(sin(x), x),
    ([x], [dx]) => {
      const y = sinc(x)
      return [y, mul(dx, div(sub(cos(x), y), x))]
    },
  )
  const ir = makeIR((x: Tensor) => sinc(x))(scalar(2))
  expect(printIR(ir)).toContain('rule=itself')
  const [equation] = readBack(ir).equations
  const read = (x: Tensor): Tensor => bind1(equation?.primitive ?? primitives.sin, [x], equation?.attrs)
  expect(grad(grad(read))(scalar(2)).item()).toBe(grad(grad(sinc))(scalar(2)).item())
  // (2 - x²) sin x / x³ - 2 cos x / x²
  expect(grad(grad(read))(scalar(2)).item()).toBeCloseTo((-2 * Math.sin(2)) / 8 - Math.cos(2) / 2, 5)
})

test('a primitive of one’s own is read with the table it is given', () => {
  const twice = definePrimitive({
    name: 'twice',
    arity: 1,
    attrs: dataAttrs<{ readonly kind: string; readonly deep: { readonly list: readonly unknown[] } }>('kind', 'deep'),
    abstractEval: ([x]) => x,
    evaluate: ([x], _, [y]) => {
      for (const [i, value] of x.data.entries()) y.data[i] = 2 * value
    },
    jvp: notDifferentiable('not here'),
    transpose: notLinear,
    batch: notDifferentiable('not here'),
  })
  const attrs = { kind: 'a "b"', deep: { list: [1, [], -0, null, undefined, true, 'x-y', { lambda: Number.NaN }] } }
  const text = printIR(makeIR((x: Tensor) => bind1(twice, [x], attrs))(array([1])))
  expect(text).toContain('[kind="a \\"b\\"" deep={list=(1,(),-0,null,undefined,true,x-y,{lambda=NaN})}]')
  const read = parseIR(text, { primitives: { twice } })
  expect(read.equations[0]?.attrs).toEqual(attrs)
  expect(printIR(read)).toBe(text)
  expect(() => parseIR(text)).toThrow('there must be a primitive here, and twice is none.')
})

describe('sources', () => {
  const loss = (w: Tensor) => scope('penalty', () => scope('of the weights', () => sum(log(w))))

  test('are printed behind the equations, and read back', () => {
    const text = printIR(makeIR(grad(loss))(array([1, 2])), { sources: true })
    const lines = text.split('\n').map((line) => line.replace(/^.*# /, '').replace(/:\d+/g, ':N'))
    const place = 'packages/core/src/ir/parse.test.ts:N:N, in penalty/"of the weights"'
    expect(lines.slice(1, -1)).toEqual([
      place,
      place,
      `${place}, backward of reduceSum`,
      `${place}, backward of reduceSum`,
      `${place}, backward of log`,
    ])
    expect(printIR(parseIR(text), { sources: true })).toBe(text)
    expect(printIR(parseIR(text))).toBe(printIR(makeIR(grad(loss))(array([1, 2]))))
  })

  test('go round with random programs', () => {
    fc.assert(
      fc.property(testing.programArbitrary(), ({ f, args }) => {
        const text = printIR(makeIR(valueAndGrad(f))(...args), { sources: true })
        expect(printIR(parseIR(text), { sources: true })).toBe(text)
      }),
      testing.lawRuns(5),
    )
  })

  test('are read from any origin that is printed; other comments are not taken for one', () => {
    const names = fc.oneof(fc.string(), fc.constantFrom('a', 'in', 'a/b', '"', '#', ', ', 'backward of log'))
    const origins = fc.record({
      site: fc.option(
        fc.record({
          line: fc.record({
            file: fc.constantFrom('a.ts', 'C:\\x y\\z.ts', 'in b, backward.ts', 'webpack://app/./x.ts'),
            line: fc.nat(),
            column: fc.nat(),
            function: fc.constant(null),
            via: fc.constant([]),
          }),
        }),
      ),
      scope: fc.array(names, { maxLength: 3 }),
      pass: fc.constantFrom('forward' as const, 'derivative' as const, 'backward' as const),
      of: fc.constant(null),
    })
    fc.assert(
      fc.property(origins, (origin) => {
        const text = printOrigin(origin)
        expect(parseOrigin(text)).toEqual(text === '' ? null : origin)
      }),
      testing.lawRuns(200),
    )
    for (const comment of ['the loss', 'see model.ts', 'in', 'forward', 'a.ts:3'])
      expect(parseOrigin(comment)).toBeNull()
  })
})

describe('a wrong text', () => {
  const head = '{ lambda a:f32[2] b:f32[3] .\n  let '
  const tail = '\n  in ( c ) }'
  test.each([
    ['', 1, 1, 'there must be a program, which begins with {, here.'],
    ['{ lambda a:f32[2] . in ( a ) } x', 1, 32, 'nothing may stand behind a program.'],
    ['{ lambda a:f16[2] . in ( a ) }', 1, 12, 'a dtype is one of f32, f64, i32, u32, bool.'],
    ['{ lambda a:f32[2 . in ( a ) }', 1, 18, 'there must be a closing ] here.'],
    ['{ lambda a:f32[] a:f32[] . in ( a ) }', 1, 18, 'a variable is bound once, and a is already.'],
    ['{ lambda a:f32[] .\n  in ( b ) }', 2, 8, 'a variable is bound before it is used, and b is not.'],
    [`${head}c:f32[2] = sinn a${tail}`, 2, 18, 'there must be a primitive here, and sinn is none.'],
    [`${head}c:f32[2] = sin d${tail}`, 2, 22, 'a variable is bound before it is used, and d is not.'],
    [`${head}c:f32[2] = sin${tail}`, 2, 7, 'an equation must fit its operands and settings: sin takes 1, not 0.'],
    [
      `${head}c:f32[3] = sin a${tail}`,
      2,
      7,
      'an equation must fit its operands and settings: sin gives f32[2], its result is f32[3].',
    ],
    [
      `${head}c:f32[2] = add a b${tail}`,
      2,
      7,
      'an equation must fit its operands and settings: add takes f32[2], f32[3].',
    ],
    [
      `${head}c:f32[2] = sin[axis=0] a${tail}`,
      2,
      18,
      'the settings of sin must be complete: its settings are none, not axis.',
    ],
    [
      `${head}c:f32[] = reduceSum[axis=0] a${tail}`,
      2,
      17,
      'the settings of reduceSum must be complete: its settings are axes, not axis.',
    ],
    [`${head}c:f32[] = reduceSum[axes=(0] a${tail}`, 2, 34, 'there must be a comma, or a closing ) here.'],
    [`${head}c:f32[] = reduceSum[axes=(0) axes=(0)] a${tail}`, 2, 36, 'a setting is given once, and axes is already.'],
    [`${head}c:f32[] = reduceSum[axes=0] a${tail}`, 2, 7, /^an equation must fit its operands and settings: /],
    [`${head}c:f32[2] = sin a\n  out ( c ) }`, 3, 3, 'a variable is bound before it is used, and out is not.'],
    [`${head}c:f32[2] = add a 1${tail}`, 2, 24, 'there must be a variable or a number here.'],
  ])('%j is refused at its place', (text, line, column, message) => {
    const thrown = ((): unknown => {
      try {
        return parseIR(text)
      } catch (error) {
        return error
      }
    })()
    expect(thrown).toBeInstanceOf(ParseError)
    const { line: atLine, column: atColumn, expected } = thrown as ParseError // border: looked at above
    expect([atLine, atColumn]).toEqual([line, column])
    if (typeof message === 'string') expect(expected).toBe(message)
    else expect(expected).toMatch(message)
  })

  test('cut anywhere is refused', () => {
    const text = printIR(makeIR((x: Tensor) => jit((y: Tensor) => add(y, sum(y)))(x))(zeros([2])))
    for (let end = 0; end < text.length; end++) expect(() => parseIR(text.slice(0, end))).toThrow(ParseError)
  })

  test('with the message that users see', () => {
    expect(() => parseIR(`${head}c:f32[2] = sinn a${tail}`)).toThrowErrorMatchingInlineSnapshot(`
      [ParseError: parseIR: there must be a primitive here, and sinn is none.
        received  line 2, column 18: "sinn a"
        to do     did you mean sign?]
    `)
  })
})

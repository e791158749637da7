/*
 * The functions for graphics cards, run as JavaScript: right to a few units in the last place of f32 although they were
 * cut for f32, and as JavaScript's own at NaN, infinities and zeros. The conformance suite on WebGPU and WebGL2 runs them
 * on devices.
 */
import { expect, test } from 'vitest'
import { safeFunctions } from './safeMath.js'

const source = Object.values(safeFunctions)
  .map((f) => f.source)
  .join('\n')

const compiled = new Function(`${source}\nreturn { ${Object.keys(safeFunctions).join(', ')} }`)() as Readonly<
  Record<keyof typeof safeFunctions, (...xs: number[]) => number>
> // border: the text defines these names

const grid = (low: number, high: number): readonly number[] =>
  Array.from({ length: 2001 }, (_, i) => low + ((high - low) * i) / 2000)

const special = [0, -0, 1, -1, 0.5, -3.5, 88, -100, 1e30, -1e30, 2 ** 24, Infinity, -Infinity, NaN]

const unary = [
  ['safeExp', Math.exp, grid(-80, 80), 1e-12],
  ['safeLog', Math.log, grid(1e-3, 100), 1e-12],
  ['safeExpm1', Math.expm1, grid(-2, 2), 1e-7],
  ['safeLog1p', Math.log1p, grid(-0.99, 3), 1e-7],
  ['safeTanh', Math.tanh, grid(-5, 5), 1e-7],
  ['safeSin', Math.sin, grid(-50, 50), 1e-6],
  ['safeCos', Math.cos, grid(-50, 50), 1e-6],
  ['safeAtan', Math.atan, grid(-20, 20), 1e-6],
  ['safeSign', Math.sign, grid(-2, 2), 0],
  ['safeSqrt', Math.sqrt, grid(0, 100), 0],
] as const

test.each(unary)('%s is right', (name, right, points, relative) => {
  const bounded = name === 'safeSin' || name === 'safeCos'
  for (const x of points) {
    const [received, expected] = [compiled[name](x), right(x)]
    const allowed = relative * (bounded ? 1 : Math.abs(expected))
    expect(Math.abs(received - expected), `${name}(${x}) = ${received}, not ${expected}`).toBeLessThanOrEqual(allowed)
  }
})

const classOf = (x: number): string => (Number.isNaN(x) ? 'NaN' : Number.isFinite(x) ? 'finite' : String(x))

test.each(unary)('%s has NaN and infinities where JavaScript has', (name, right) => {
  for (const x of special) expect(`${x}: ${classOf(compiled[name](x))}`).toBe(`${x}: ${classOf(right(x))}`)
})

test.each([
  ['safePow', Math.pow],
  ['safeMax', Math.max],
  ['safeMin', Math.min],
] as const)('%s at special numbers is as in JavaScript', (name, right) => {
  for (const x of special) {
    for (const y of [...special, 2, 3, -3]) {
      const [received, expected] = [compiled[name](x, y), right(x, y)]
      expect(`${name}(${x}, ${y}) = ${received}`).toBe(`${name}(${x}, ${y}) = ${expected}`)
    }
  }
})

test('quotients are whole and right, also where division is off by a few units', () => {
  const off = new Function(
    `${safeFunctions.quotient.source.replace('i / n', 'i / n + error')}
    return quotient`.replace('quotient(i, n)', 'quotient(i, n, error)'),
  )() as (i: number, n: number, e: number) => number // border: defined by the text
  for (const n of [2, 3, 7, 10, 768, 50257]) {
    for (let i = 0; i < 2 ** 24; i += 9973) {
      for (const at of [i, i - (i % n), i - (i % n) + n - 1]) {
        for (const error of [-2.5, 0, 2.5].map((ulps) => ulps * 2 ** (Math.floor(Math.log2(at / n)) - 23))) {
          if (off(at, n, error) !== Math.floor(at / n))
            expect(`${at} / ${n}: ${off(at, n, error)}`).toBe(Math.floor(at / n))
        }
      }
    }
  }
})

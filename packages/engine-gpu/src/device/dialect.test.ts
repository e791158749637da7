import { expect, test } from 'vitest'
import { graphicsCard, javaScript, translate, webAssembly } from './dialect.js'

const kernel = `function (a0) {
  const i = this.thread.x;
  const q1 = quotient(i, 12);
  const v0 = f32(a0[i] * 3);
  return Math.tanh(Math.max(a0[q1], 0)) + Math.floor(v0 / 2.5) + Math.abs(a0[0]);
}`
const called = (source: string, dialect = graphicsCard): readonly string[] =>
  translate(source, dialect).functions.map(({ name, parameters }) => `${name}/${parameters}`)

test('on a graphics card functions are exchanged, with those that they call; whole quotients are corrected', () => {
  expect(translate(kernel, graphicsCard).source).toBe(`function (a0) {
  const i = this.thread.x;
  const q1 = quotient(i, 12);
  const v0 = (a0[i] * 3);
  return safeTanh(safeMax(a0[q1], 0)) + Math.floor(v0 / 2.5) + Math.abs(a0[0]);
}`)
  expect(called(kernel)).toEqual(['quotient/2', 'safeExp/1', 'safeExpm1/1', 'safeTanh/1', 'safeMax/2'])
})

test('in JavaScript each operation is rounded, in WebAssembly numbers are f32 as they are', () => {
  expect(translate(kernel, javaScript)).toEqual({
    source: kernel.replace('quotient(i, 12)', 'Math.floor(i / 12)').replace('f32(', 'Math.fround('),
    functions: [],
  })
  expect(translate(kernel, webAssembly)).toEqual({
    source: kernel.replace('quotient(i, 12)', 'Math.floor(i / 12)').replace('f32(', '('),
    functions: [],
  })
})

test('common functions come with what they call, and are written for the mode as well', () => {
  const source = 'function (a0) { return gelu(a0[0]) + sigmoid(a0[1]); }'
  expect(called(source, javaScript)).toEqual(['erf/1', 'gelu/1', 'sigmoid/1'])
  expect(called(source)).toEqual(['safeExp/1', 'safeMax/2', 'safeMin/2', 'erf/1', 'gelu/1', 'sigmoid/1'])
  const [, , , , , sigmoid] = translate(source, graphicsCard).functions
  expect(sigmoid?.source).toContain('safeExp(-Math.abs(x))')
})

test('a function that a kernel defines itself is its own', () => {
  expect(called('function (a0) { function gelu(x) { return x; } return gelu(a0[0]); }')).toEqual([])
})

test('index arithmetic with floor, as users write it, is corrected too', () => {
  const source = 'function (x) { const q = Math.floor(place / 12); return x[q]; }'
  expect(translate(source, graphicsCard).source).toContain('const q = quotient(place, 12);')
  expect(translate(source, javaScript).source).toBe(source)
})

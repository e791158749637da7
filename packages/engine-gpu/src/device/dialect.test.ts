import { expect, test } from 'vitest'
import { coordinates } from '../source/walk.js'
import { graphicsCard, javaScript, translate } from './dialect.js'

const kernel = `function (a0) {
  const i = this.thread.x;
  const q1 = Math.floor(i / 12);
  return Math.tanh(Math.max(a0[q1], 0)) + Math.floor(a0[i] / 2.5) + Math.abs(a0[0]);
}`

test('on a graphics card functions are exchanged, with those that they call; whole quotients are corrected', () => {
  const { source, functions } = translate(kernel, graphicsCard)
  expect(source).toBe(`function (a0) {
  const i = this.thread.x;
  const q1 = quotient(i, 12);
  return safeTanh(safeMax(a0[q1], 0)) + Math.floor(a0[i] / 2.5) + Math.abs(a0[0]);
}`)
  expect(functions.map(({ name, parameters }) => `${name}/${parameters}`)).toEqual([
    'quotient/2',
    'safeExp/1',
    'safeExpm1/1',
    'safeTanh/1',
    'safeMax/2',
  ])
})

test('in JavaScript a kernel stays as it is', () => {
  expect(translate(kernel, javaScript)).toEqual({ source: kernel, functions: [] })
})

test('every quotient of index arithmetic is found', () => {
  const { source } = translate(coordinates([3, 4, 5, 6]).lines.join('\n'), graphicsCard)
  expect(source.match(/quotient\(/g)).toHaveLength(3)
  expect(source).not.toContain('/')
})

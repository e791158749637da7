import { forAll, lawRuns } from '@cotangent/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { batchAxes, type Level } from './batch.js'
import { type KernelText, overBatch, plainText, readKernel } from './sourceText.js'

type Arrays = readonly (readonly number[])[]

const kernelOf = (text: unknown, operands = ['x', 'y'], length = 2): KernelText => {
  const read = readKernel(text, operands, length)
  if ('body' in read) return read
  throw new Error(read.expected)
}

/** What a kernel's text computes, as JavaScript. */
const run = (text: string, arrays: Arrays, length: number): readonly number[] => {
  const kernel: unknown = new Function(`return ${text}`)()
  if (typeof kernel !== 'function') throw new Error('the text is no function')
  return Array.from({ length }, (_, x): number => kernel.apply({ thread: { x } }, arrays))
}

describe('a kernel over a batch', () => {
  test('is the text with each place moved by the offset of its example', () => {
    const text = `function (x, w) {
  // x[0] in a comment stays out
  const i = this.thread.x;
  return x[i > 1 ? 0 : i] * w[0];
}`
    const axes = batchAxes([{ size: 4, mapped: [true, false] }], [3, 1])
    expect(overBatch(kernelOf(text, ['x', 'w']), 3, axes)).toMatchInlineSnapshot(`
      "function (x, w) {
        const batchPlace = this.thread.x;
        const batchExample = Math.floor(batchPlace / 3);
        const batchWithin = batchPlace - batchExample * 3;
        const i = batchWithin;
        return x[batchExample * 3 + (i > 1 ? 0 : i)] * w[0];
      }"
    `)
  })

  test('takes the number of the example apart, where vmaps map different operands', () => {
    const axes = batchAxes(
      [
        { size: 2, mapped: [true, true] },
        { size: 3, mapped: [false, true] },
      ],
      [5, 7],
    )
    expect(
      overBatch(kernelOf('function (x, batchY) { return x[0] + batchY[1]; }', ['x', 'y'], 1), 1, axes),
    ).toMatchInlineSnapshot(`
      "function (x, batchY) {
        const batchxExample = this.thread.x;
        const batchxWithin = 0;
        const batchxQ1 = Math.floor(batchxExample / 3);
        const batchxC1 = batchxExample - batchxQ1 * 3;
       return x[batchxQ1 * 5 + (0)] + batchY[batchxQ1 * 21 + batchxC1 * 7 + (1)];
      }"
    `)
  })

  test('computes what the kernel computes of each example', () => {
    const text = `function (x, y) {
  const i = this.thread.x;
  let total = 0;
  for (let k = 0; k < 3; k++) {
    total = total + x[i * 3 + k] * y[y[k] > 4 ? 2 : (k)];
  }
  return total + x[ (i) ] - y [i];
}`
    const [rows, lengths] = [2, [6, 3]]
    const level = fc.record({
      size: fc.integer({ min: 1, max: 3 }),
      mapped: fc.constantFrom([true, false], [false, true], [true, true]),
    })
    forAll(
      [fc.array(level, { minLength: 1, maxLength: 3 }), fc.integer({ min: 1, max: 1000 })],
      (levels, seed) => {
        const sizeFor = (operand: number, among: readonly Level[]): number =>
          among.reduce((n, { size, mapped }) => (mapped[operand] ? n * size : n), lengths[operand] ?? 0)
        const arrays = lengths.map((_, k) =>
          Array.from({ length: sizeFor(k, levels) }, (__, i) => (i * 7 + k + seed) % 11),
        )
        /** The results of all examples, vmap by vmap. */
        const looped = (among: readonly Level[], parts: Arrays): readonly number[] => {
          const [first, ...others] = among
          if (first === undefined) return run(text, parts, rows)
          return Array.from({ length: first.size }, (_, e) =>
            looped(
              others,
              parts.map((part, k) => {
                const length = sizeFor(k, others)
                return first.mapped[k] ? part.slice(e * length, (e + 1) * length) : part
              }),
            ),
          ).flat()
        }
        const axes = batchAxes(levels, lengths)
        const whole = axes.length === 0 ? text : overBatch(kernelOf(text), rows, axes)
        const examples = levels.reduce((n, { size }) => n * size, 1)
        expect(run(whole, arrays, examples * rows)).toEqual(looped(levels, arrays))
      },
      lawRuns(100),
    )
  })
})

describe('a text that is no kernel', () => {
  test.each([
    ['function (x, y) { return x[this.thread.x] + y[0]; }'],
    ['function named(x, y) {\n  return x[0] + y[this.thread.x]\n}\n'],
    ['function (x, y) { function f(v) { return v * v; } return f(x[this.thread.x]) + y[0]; }'],
    ['function (x, y) { /* } */ return x[y[this.thread.x]]; } // and so on'],
    ['// first\nfunction f(x, y) { const u = x[0] == y[0] ? 1 : 2; return u + y[this.thread.x] <= 3 ? 0 : 1; }'],
  ])('%s is one', (text) => {
    const kernel = kernelOf(text)
    expect(kernel.parameters).toEqual(['x', 'y'])
    const arrays = [
      [1, 0.5],
      [0, 1],
    ]
    expect(run(plainText(kernel), arrays, 2)).toEqual(run(text.replace(/^\/\/.*\n/, ''), arrays, 2))
  })

  test('one that always gives the same is one for a single element', () => {
    expect(() => kernelOf('function (x, y) { return x[0] + y[0]; }', ['x', 'y'], 1)).not.toThrow()
  })

  test.each([
    ['(x, y) => x[this.thread.x] + y[0]', /text of a function/],
    [() => 1, /text of a function/],
    ['function (x) { return x[this.thread.x]; }', /a parameter for each of 2 operands/],
    ['function (x, y, n) { return x[this.thread.x]; }', /a parameter for each of 2 operands/],
    ['function (x, y) { return x[0] + y[0]; }', /this\.thread\.x, where the result has more than one/],
    ['function (x, y) { return x[this.thread.x] + this.thread.y; }', /this\.thread\.x alone/],
    ['function (x, y) { return x[this.thread.x] + this.constants.n; }', /this\.thread\.x alone/],
    ['function (x, y) { return x[this.thread.x][0] + y[0]; }', /flat array, read as x\[place\]/],
    ['function (x, y) { x[0] = 1; return y[this.thread.x]; }', /flat array, read as x\[place\]/],
    ['function (x, y) { x[0] += 1; return y[this.thread.x]; }', /flat array, read as x\[place\]/],
    ['function (x, y) { return x[this.thread.x]++ + y[0]; }', /flat array, read as x\[place\]/],
    ['function (x, y) { return ++x[this.thread.x] + y[0]; }', /flat array, read as x\[place\]/],
    ['function (x, { y }) { return x[this.thread.x] + y[0]; }', /plain names/],
    ['function (x, x) { return x[this.thread.x]; }', /plain names/],
    ['function (x, y) { return first(x) + y[this.thread.x]; }', /flat array, read as x\[place\]/],
    [
      'function (x, y) { function f(i) { return x[i]; } return f(0) + y[this.thread.x]; }',
      /inner function takes numbers/,
    ],
    ['function (x, y) { function f(i) { return this.thread.x; } return f(0) + y[this.thread.x]; }', /inner function/],
  ])('%s is refused', (text, expected) => {
    expect(() => kernelOf(text)).toThrow(expected)
  })
})

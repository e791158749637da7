/* What is refused of a kernel, and with which words. */
import {
  ArgumentError,
  type Aval,
  array,
  compile,
  DTypeError,
  grad,
  jvp,
  less,
  MissingRuleError,
  mul,
  ProgramError,
  reshape,
  ShapeError,
  scalar,
  stopGradient,
  sum,
  type Tensor,
  where,
} from '@cotangent/core'
import { describe, expect, test } from 'vitest'
import { gpuEngine } from '../gpuEngine.js'
import { defineKernel } from './defineKernel.js'

const doubled = {
  name: 'doubled',
  operands: ['x'],
  result: ([x]: readonly [Aval]) => x,
  source: () => 'function (x) { return x[this.thread.x] * 2; }',
  reference: (x: Tensor) => mul(x, 2),
} as const

const factor = array([2, 2])

type Kind = abstract new (...args: never[]) => ProgramError

/** A definition that is not what its types ask for, as a program in JavaScript may write it. */
const loose = (changes: object) => defineKernel({ ...doubled, ...changes } as unknown as typeof doubled)

const refusal = (run: () => unknown): ProgramError => {
  try {
    run()
  } catch (error) {
    if (error instanceof ProgramError) return error
    throw error
  }
  throw new Error('nothing was refused')
}

describe('a definition', () => {
  test.each<readonly [string, object, RegExp]>([
    ['of the name of an operation', { name: 'gelu' }, /not that of an operation of core[\s\S]*name "gelu"/],
    ['without a word for a name', { name: 'row entropy' }, /must be a word/],
    ['of operands of one name', { operands: ['x', 'x'] }, /different words[\s\S]*\["x","x"\] of doubled/],
    ['of no operands', { operands: [] }, /1 to 7 operands[\s\S]*0 operands of doubled/],
    ['of too many', { operands: ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'] }, /1 to 7 operands[\s\S]*8 operands/],
    [
      'without a reference',
      { reference: undefined },
      /must be functions[\s\S]*reference of type undefined, of doubled/,
    ],
    ['of a text that is no function', { source: 'function (x) {}' }, /must be functions[\s\S]*source of type string/],
    ['of two derivatives', { vjp: () => [null], jvp: () => factor }, /one derivative[\s\S]*jvp alone/],
  ])('%s', (_, changes, text) => {
    const error = refusal(() => loose(changes))
    expect(error).toBeInstanceOf(ArgumentError)
    expect(error.message).toMatch(text)
  })
})

describe('at the first use', () => {
  test.each<readonly [string, Kind, object, RegExp]>([
    [
      'a text without a place',
      ArgumentError,
      { source: () => 'function (x) { return x[0]; }' },
      /^doubled: .*this\.thread\.x/,
    ],
    [
      'parameters of another number',
      ArgumentError,
      { source: () => 'function (x, n) { return x[0]; }' },
      /a parameter for each of 1 operands/,
    ],
    ['no text', ArgumentError, { source: () => undefined }, /text of a function[\s\S]*type undefined/],
    ['no shape', ShapeError, { result: () => undefined }, /result must give the shape[\s\S]*nothing for x f32\[2\]/],
    [
      'a broken shape',
      ShapeError,
      { result: () => ({ shape: [1.5], dtype: 'f32' }) },
      /result must give the shape[\s\S]*1\.5/,
    ],
    [
      'a result of u32',
      DTypeError,
      { result: () => ({ shape: [2], dtype: 'u32' }) },
      /f32, i32 or bool[\s\S]*result u32\[2\]/,
    ],
    ['a result of f64 from f32', DTypeError, { result: () => ({ shape: [2], dtype: 'f64' }) }, /f32, i32 or bool/],
    [
      'a reference of another shape',
      ShapeError,
      { reference: (x: Tensor) => sum(x) },
      /reference f32\[\], result f32\[2\], for x f32\[2\]/,
    ],
    ['a reference of two results', ShapeError, { reference: (x: Tensor) => [x, x] }, /reference f32\[2\], f32\[2\]/],
    [
      'a reference that closes over a tensor',
      ArgumentError,
      { reference: (x: Tensor) => mul(x, factor) },
      /function of its operands alone[\s\S]*f32\[2\][\s\S]*constant\(\)/,
    ],
  ])('%s', (_, kind, changes, text) => {
    const kernel = loose(changes)
    const error = refusal(() => kernel(array([1, 2])))
    expect(error).toBeInstanceOf(kind)
    expect(error.op).toBe('doubled')
    expect(error.message).toMatch(text)
    expect(error.stack?.split('\n').find((line) => line.startsWith('    at '))).toContain('refusals.test.ts')
  })

  test("what the shape rule throws is the caller's", () => {
    const kernel = loose({
      result: () => {
        throw new ShapeError({ op: 'doubled', expected: 'x must be a row.', received: 'x f32[2]', todo: 'reshape it' })
      },
    })
    expect(() => kernel(array([1, 2]))).toThrow('x must be a row.')
  })

  test('operands of another number, or no tensors', () => {
    const kernel = defineKernel(doubled)
    // @ts-expect-error there is one operand
    expect(() => kernel(array([1]), array([2]))).toThrow('doubled takes one tensor for each of its operands: x.')
    // @ts-expect-error a number is no tensor
    expect(() => kernel(2)).toThrow('received  number')
  })
})

describe('a derivative', () => {
  test('that was not given is refused with what to do', () => {
    const kernel = defineKernel(doubled)
    for (const run of [() => grad(kernel)(scalar(1)), () => jvp(kernel, [scalar(1)], [scalar(1)])]) {
      const error = refusal(run)
      expect(error).toBeInstanceOf(MissingRuleError)
      expect(error.message).toMatchInlineSnapshot(`
        "doubled: a derivative passes through a kernel only if its definition gives one.
          received  a derivative of doubled, which was defined without vjp and jvp
          to do     give vjp (or jvp) to defineKernel, call its reference instead, or wrap the operands in stopGradient()"
      `)
    }
    expect(grad((x: Tensor) => mul(x, kernel(stopGradient(x))))(scalar(3)).item()).toBe(6)
  })

  test('is not asked for of a result of whole numbers', () => {
    const positive = defineKernel({
      name: 'isPositive',
      operands: ['x'],
      result: ([x]) => ({ shape: x.shape, dtype: 'bool' }),
      source: () => 'function (x) { return x[this.thread.x] > 0 ? 1 : 0; }',
      reference: (x) => less(0, x),
      vjp: () => {
        throw new Error('it was asked')
      },
    })
    expect(grad((x: Tensor) => sum(where(positive(x), mul(x, 3), x)))(array([-1, 1])).toArray()).toEqual([1, 3])
  })

  test('forwards is refused where there is a vjp alone', () => {
    const kernel = defineKernel({ ...doubled, vjp: (_, __, ct) => [mul(ct, 2)] })
    expect(grad(kernel)(scalar(1)).item()).toBe(2)
    expect(() => jvp(kernel, [scalar(1)], [scalar(1)])).toThrow(
      'doubled: a function with a customVjp has a derivative backwards only',
    )
  })

  test('of another shape than the operand is refused', () => {
    const kernel = defineKernel({ ...doubled, vjp: (_, __, ct) => [reshape(ct, [1, 2])] })
    expect(() => grad((x: Tensor) => sum(kernel(x)))(array([1, 2]))).toThrow('a cotangent like argument 0')
  })
})

test('what gpu.js does not understand is said with the text', async () => {
  const engine = await gpuEngine({ mode: 'cpu' })
  const kernel = loose({ source: () => 'function (x) { return x[this.thread.x] * = 2; }' })
  const error: unknown = await compile((x: Tensor) => kernel(x), engine)(array([1])).catch((thrown: unknown) => thrown)
  await engine.close()
  expect(error).toBeInstanceOf(ArgumentError)
  expect(String(error)).toMatch(/gpu\.js must be able to translate[\s\S]*Unexpected token[\s\S]*\* = 2;\n\}/)
})

/* Traced values outside of their trace, errors' texts, and whose frame comes first. */
import { describe, expect, test } from 'vitest'
import { AxisError, LeakedTracerError, ProgramError } from '../errors.js'
import { add, div, log, mul } from '../primitives/arithmetic.js'
import { broadcastTo, ones, reshape, squeeze, transpose, zeros } from '../primitives/broadcast.js'
import { logicalAnd, where } from '../primitives/choice.js'
import { dotGeneral, matmul } from '../primitives/contraction.js'
import { einsum } from '../primitives/einsum.js'
import { scatterAdd, take } from '../primitives/indexing.js'
import { argmax, max, mean, softmax, sum } from '../primitives/reduction.js'
import { concat, pad, slice } from '../primitives/sequence.js'
import { sin } from '../primitives/smooth.js'
import { array, scalar, type Tensor } from '../tensor.js'
import { jit } from '../transforms/jit.js'
import { jvp } from '../transforms/jvp.js'
import { grad } from '../transforms/vjp.js'
import { vmap } from '../transforms/vmap.js'
import { makeIR } from './makeIR.js'

describe('a leaked tracer', () => {
  const leak = (transform: (f: (x: Tensor) => Tensor) => unknown): Tensor => {
    let kept: Tensor = scalar(0)
    transform((x) => {
      kept = x
      return sum(mul(x, x))
    })
    return kept
  }

  test.each([
    ['grad', (f: (x: Tensor) => Tensor) => grad(f)(ones([2]))],
    ['jit', (f: (x: Tensor) => Tensor) => jit(f)(ones([2]))],
    ['vmap', (f: (x: Tensor) => Tensor) => vmap(f)(ones([3, 2]))],
    ['jvp', (f: (x: Tensor) => Tensor) => jvp(f, [ones([2])], [ones([2])])],
    ['makeIR', (f: (x: Tensor) => Tensor) => makeIR(f)(ones([2]))],
  ])('of %s is refused by the next operation on it', (_, transform) => {
    const x = leak(transform)
    expect(() => add(x, 1)).toThrow(LeakedTracerError)
    expect(() => grad((y: Tensor) => sum(mul(y, x)))(ones([2]))).toThrow(LeakedTracerError)
  })

  test('says so', () => {
    const x = leak((f) => grad(f)(ones([2])))
    expect(() => sin(x)).toThrowErrorMatchingInlineSnapshot(`
      [LeakedTracerError: sin: a traced value may be used only while its function is being traced.
        received  f32[2], an argument of a function under grad; that trace has ended
        to do     return the value from the traced function instead of keeping it in an outer variable]
    `)
  })

  test('has no elements while it is traced either, and shows its aval', async () => {
    const shown: string[] = []
    let read: Promise<unknown> = Promise.resolve()
    grad((x: Tensor) => {
      shown.push(String(x))
      expect(() => x.data).toThrowErrorMatchingInlineSnapshot(`
        [LeakedTracerError: data: a traced value has a shape and dtype but no elements.
          received  f32[2], an argument of a function under grad
          to do     use where() for choices that depend on values, or return it from the traced function and read the result]
      `)
      read = x.read().catch((error: unknown) => error)
      return sum(x)
    })(ones([2]))
    expect(shown).toEqual(['Traced f32[2]'])
    expect(await read).toBeInstanceOf(LeakedTracerError)
  })

  test('a trace that threw leaves no state: eager calls are eager again', () => {
    const stops = (x: Tensor): Tensor => {
      sum(x)
      throw new Error('stop')
    }
    expect(() => grad(stops)(ones([2]))).toThrow('stop')
    expect(() => jit(stops)(ones([2]))).toThrow('stop')
    expect(() => vmap(stops)(ones([2]))).toThrow('stop')
    expect(sum(ones([2])).item()).toBe(2)
  })
})

describe('errors', () => {
  const x = ones([32, 64])

  const messages: Readonly<Record<string, () => unknown>> = {
    matmul: () => matmul(x, ones([128, 16])),
    'batched matmul': () => matmul(ones([2, 3, 4]), ones([3, 4, 5])),
    add: () => add(x, ones([3])),
    'dtypes that differ': () => mul(x, array([1], 'i32')),
    'an integer quotient': () => div(array([4], 'i32'), array([2], 'i32')),
    'a function of floats on integers': () => log(array([1], 'i32')),
    'a fraction beside integers': () => mul(array([1], 'i32'), 0.5),
    'an axis': () => sum(x, 2),
    'an axis twice': () => mean(x, [0, -2]),
    'an axis of a scalar': () => softmax(scalar(1)),
    reshape: () => reshape(x, [5, -1]),
    squeeze: () => squeeze(x, 0),
    transpose: () => transpose(x, [0, 0]),
    broadcastTo: () => broadcastTo(x, [64, 64]),
    slice: () => slice(x, [0, 0], [33, 64]),
    pad: () => pad(x, [1], [0, 0]),
    concat: () => concat([x, ones([3, 3])]),
    'concat of nothing': () => concat([]),
    take: () => take(x, array([32], 'i32')),
    'take with floats': () => take(x, array([1])),
    scatterAdd: () => scatterAdd(x, array([0], 'i32'), ones([2, 64])),
    where: () => where(x, 1, 2),
    'where of two dtypes': () => where(array([true]), array([1]), array([1], 'i32')),
    logicalAnd: () => logicalAnd(x, x),
    dotGeneral: () => dotGeneral(x, x, { contract: [[0], [1]], batch: [[], []] }),
    einsum: () => einsum('ij,jk->il', x, ones([64, 2])),
    'max of nothing': () => max(zeros([0])),
    'argmax of nothing': () => argmax(zeros([2, 0])),
    'rows of different lengths': () => array([[1], [1, 2]]),
    'item of many': () => x.item(),
  }

  test('say what must hold, what was received, and what to do', () => {
    const texts = Object.entries(messages).map(([name, run]) => `${name}\n${messageOf(run)}`)
    expect(texts.join('\n\n')).toMatchInlineSnapshot(`
      "matmul
      ShapeError: matmul: the last axis of lhs must equal the last but one (the only one of a vector) of rhs.
        received  lhs f32[32,64], rhs f32[128,16]
        to do     transpose an operand, or check the layer's width

      batched matmul
      ShapeError: matmul: batch axes, counted from the last, must be equal or 1.
        received  lhs f32[2,3,4], rhs f32[3,4,5]
        to do     add axes of length 1 with expandDims, or transpose one of them

      add
      ShapeError: add: the shapes must be equal, but for axes of length 1 or missing in front.
        received  lhs f32[32,64], rhs f32[3]
        to do     add axes of length 1 with expandDims, or transpose one of them

      dtypes that differ
      DTypeError: mul: both operands must have the same dtype.
        received  lhs f32[32,64], rhs i32[1]
        to do     cast one of them; nothing is promoted by itself

      an integer quotient
      DTypeError: div: lhs must have a floating dtype (f32 or f64).
        received  lhs i32[1]
        to do     cast(x, 'f32') first

      a function of floats on integers
      DTypeError: log: x must have a floating dtype (f32 or f64).
        received  x i32[1]
        to do     cast(x, 'f32') first

      a fraction beside integers
      DTypeError: mul: a number used with i32 must be an integer of that range.
        received  the number 0.5
        to do     cast the tensor to f32 first, or round the number

      an axis
      AxisError: sum: an axis must be an integer from -2 to 1.
        received  axis 2 of f32[32,64]
        to do     check the axis, or expandDims the tensor first

      an axis twice
      AxisError: mean: each axis must be named once.
        received  axes [0,-2] of f32[32,64]
        to do     remember that -1 is axis 1 here

      an axis of a scalar
      AxisError: softmax: a scalar has no axes.
        received  axis -1 of f32[]
        to do     check the axis, or expandDims the tensor first

      reshape
      ShapeError: reshape: the new shape must have as many elements as the tensor, and at most one -1.
        received  x f32[32,64] (2048 elements), shape [5,-1]
        to do     check the lengths

      squeeze
      ShapeError: squeeze: only an axis of length 1 can be dropped.
        received  axes [0] of f32[32,64]
        to do     name other axes, or reduce over them

      transpose
      AxisError: transpose: the permutation must name each axis once.
        received  permutation [0,0] of x f32[32,64]
        to do     list all axes of the tensor

      broadcastTo
      ShapeError: broadcastTo: each axis, counted from the last, must be 1 or equal to the new length.
        received  x f32[32,64], shape [64,64]
        to do     add axes of length 1 with expandDims where they are missing

      slice
      ShapeError: slice: every axis needs 0 <= start <= limit <= length and a stride of at least 1.
        received  x f32[32,64], starts [0,0], limits [33,64], strides [1,1]
        to do     check the bounds of each axis

      pad
      ShapeError: pad: low, high and interior need a whole number >= 0 for each axis.
        received  x f32[32,64], low [1], high [0,0], interior [0]
        to do     use slice to cut

      concat
      ShapeError: concat: all tensors must have the same shape, but for axis 0.
        received  xs f32[32,64], f32[3,3]
        to do     reshape or pad the ones that differ

      concat of nothing
      ShapeError: concat: there must be at least one tensor.
        received  xs []
        to do     leave the call out for an empty list

      take
      IndexError: take: an index must be from 0 to 31.
        received  32 at place 0 of indices i32[1]
        to do     check the indices before the call; -1 does not mean the last one

      take with floats
      DTypeError: take: indices must have dtype i32.
        received  indices f32[1] for x f32[32,64]
        to do     cast(indices, 'i32')

      scatterAdd
      ShapeError: scatterAdd: updates must be f32[1,64]: x with the indices' shape in place of axis 0.
        received  x f32[32,64], indices i32[1], updates f32[2,64]
        to do     reshape or broadcast the updates

      where
      DTypeError: where: condition must have dtype bool.
        received  condition f32[32,64]
        to do     cast it first

      where of two dtypes
      DTypeError: where: both choices must have the same dtype.
        received  x f32[1], y i32[1]
        to do     cast one of them; nothing is promoted by itself

      logicalAnd
      DTypeError: logicalAnd: lhs must have dtype bool.
        received  lhs f32[32,64]
        to do     cast it first

      dotGeneral
      ShapeError: dotGeneral: paired axes must have the same length.
        received  lhs f32[32,64] axes [0], rhs f32[32,64] axes [1]
        to do     transpose an operand, or name other axes

      einsum
      AxisError: einsum: each letter of the result must occur in a term.
        received  'ij,jk->il' for f32[32,64], f32[64,2]
        to do     write one letter per axis, as in 'bqd,bkd->bqk'

      max of nothing
      ShapeError: max: there must be at least one element to reduce.
        received  x f32[0], axes [0]
        to do     leave empty axes out

      argmax of nothing
      ShapeError: argmax: the axis must have at least one element.
        received  x f32[2,0], axis 1
        to do     leave empty axes out

      rows of different lengths
      ShapeError: array: all rows on one level must have the same length and depth.
        received  the first rows give [2,1], a later one differs
        to do     pad the rows to one length

      item of many
      ShapeError: item: the tensor must have exactly one element.
        received  a tensor f32[32,64]
        to do     reduce it first, or read .data"
    `)
  })

  test("come with the caller's frame first", () => {
    for (const [name, run] of Object.entries(messages)) {
      const stack = errorOf(run).stack ?? ''
      const first = stack.split('\n').find((line) => line.startsWith('    at '))
      expect(`${name}: ${first}`).toContain('tracer.test.ts')
    }
  })

  test('carry a tag and their fields', () => {
    const error = errorOf(() => sum(x, 2))
    expect(error).toBeInstanceOf(AxisError)
    expect(error).toMatchObject({ _tag: 'AxisError', name: 'AxisError', op: 'sum', received: 'axis 2 of f32[32,64]' })
  })
})

const errorOf = (run: () => unknown): ProgramError => {
  try {
    run()
  } catch (error) {
    if (error instanceof ProgramError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

const messageOf = (run: () => unknown): string => {
  const error = errorOf(run)
  return `${error.name}: ${error.message}`
}

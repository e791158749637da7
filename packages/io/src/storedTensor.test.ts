import { E, getOrThrow } from '@cotangent/prelude'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as stored from './storedTensor.js'

const origin = { name: 'w', file: 'a.safetensors' }
const messageOf = (result: E.Either<{ readonly message: string }, unknown>): string =>
  E.isLeft(result) ? result.left.message : 'converted'

const int64 = (...values: readonly bigint[]): stored.StoredTensor => ({
  dtype: 'I64',
  shape: [values.length],
  data: new Uint8Array(BigInt64Array.from(values).buffer),
})

describe('conversions', () => {
  it('give back what was stored', () => {
    fc.assert(
      fc.property(fc.float32Array(), fc.float64Array(), fc.int32Array(), fc.uint32Array(), (f32, f64, i32, u32) => {
        expect(stored.toFloat32(stored.storedFloat32(f32, [f32.length]), origin)).toEqual(E.right(f32))
        expect(stored.toFloat64(stored.storedFloat64(f64, [f64.length]), origin)).toEqual(E.right(f64))
        expect(stored.toInt32(stored.storedInt32(i32, [i32.length]), origin)).toEqual(E.right(i32))
        expect(stored.toUint32(stored.storedUint32(u32, [u32.length]), origin)).toEqual(E.right(u32))
      }),
      { seed: 1 },
    )
    expect(stored.toBool(stored.storedBool([0, 2, -1], [3]), origin)).toEqual(E.right(Uint8Array.of(0, 1, 1)))
  })

  it('copy what lies at an odd offset, and share what is aligned', () => {
    const bytes = new Uint8Array(new Float32Array([1.5, -2]).buffer)
    const odd = new Uint8Array(9)
    odd.set(bytes, 1)
    const tensor: stored.StoredTensor = { dtype: 'F32', shape: [2], data: odd.subarray(1) }
    expect(stored.toFloat32(tensor, origin)).toEqual(E.right(Float32Array.of(1.5, -2)))
    const aligned = stored.toFloat32({ ...tensor, data: bytes }, origin)
    expect(E.isRight(aligned) && aligned.right.buffer).toBe(bytes.buffer)
  })

  it('read 16-bit floats exactly and write them rounded', () => {
    expect(stored.toFloat32(stored.storedFloat16([1, 0.1], [2]), origin)).toEqual(
      E.right(Float32Array.of(1, 0.0999755859375)),
    )
    expect(stored.toFloat64(stored.storedBfloat16([1, 0.1], [2]), origin)).toEqual(
      E.right(Float64Array.of(1, 0.10009765625)),
    )
  })

  it('read small whole numbers with their sign', () => {
    const of = (dtype: stored.StoredDType, values: ArrayBufferView): stored.StoredTensor => ({
      dtype,
      shape: [2],
      data: new Uint8Array(values.buffer),
    })
    expect(stored.toInt32(of('I8', Int8Array.of(-1, 5)), origin)).toEqual(E.right(Int32Array.of(-1, 5)))
    expect(stored.toInt32(of('U8', Uint8Array.of(255, 5)), origin)).toEqual(E.right(Int32Array.of(255, 5)))
    expect(stored.toInt32(of('I16', Int16Array.of(-300, 5)), origin)).toEqual(E.right(Int32Array.of(-300, 5)))
    expect(stored.toInt32(of('U16', Uint16Array.of(65535, 5)), origin)).toEqual(E.right(Int32Array.of(65535, 5)))
    expect(stored.toInt32(of('BOOL', Uint8Array.of(1, 0)), origin)).toEqual(E.right(Int32Array.of(1, 0)))
    expect(stored.toUint32(of('U64', BigUint64Array.of(7n, 4294967295n)), origin)).toEqual(
      E.right(Uint32Array.of(7, 4294967295)),
    )
    expect(stored.toInt32(int64(-2147483648n, 2147483647n), origin)).toEqual(
      E.right(Int32Array.of(-(2 ** 31), 2 ** 31 - 1)),
    )
  })

  it('refuse by name what they cannot hold', () => {
    expect(messageOf(stored.toInt32(int64(1n, 2147483648n), origin))).toMatchInlineSnapshot(`
      "a.safetensors: w must be within the range of i32.
        received  2147483648 at element 1, in I64[2]
        to do     convert the file to a dtype that holds these values, or read it as another dtype"
    `)
    expect(messageOf(stored.toInt32(int64(9007199254740993n), origin))).toContain('9007199254740993 at element 0')
    expect(messageOf(stored.toUint32(int64(-1n), origin))).toContain('within the range of u32')
    expect(messageOf(stored.toFloat32(int64(1n), origin))).toContain('of a float dtype')
    expect(messageOf(stored.toInt32(stored.storedFloat32([1], [1]), origin))).toContain('of a whole-number dtype')
    expect(messageOf(stored.toFloat32(stored.storedFloat64([1, 1e300], [2]), origin))).toContain('1e+300 at element 1')
    expect(messageOf(stored.toBool({ dtype: 'BOOL', shape: [2], data: Uint8Array.of(1, 2) }, origin))).toContain(
      '2 at element 1',
    )
  })
})

describe('elementCount', () => {
  it.each([
    [[], 1],
    [[2, 3], 6],
    [[0, 2 ** 50], 0],
    [[2 ** 40, 2 ** 40], undefined],
    [[2 ** 40, 2 ** 40, 0], undefined],
    [[-1], undefined],
    [[-0], undefined],
    [[1.5], undefined],
    [[Number.NaN], undefined],
  ])('%j is %s', (shape, count) => {
    expect(stored.elementCount(shape)).toBe(count)
  })
})

it('nonFiniteTensors names the tensors with NaN or infinities', () => {
  const tensors = new Map([
    ['fine', stored.storedFloat32([1, 2], [2])],
    ['nan', stored.storedFloat32([1, Number.NaN], [2])],
    ['half', stored.storedFloat16([1e6], [1])],
    ['wide', stored.storedFloat64([1e300], [1])],
    ['ids', stored.storedInt32([-1], [1])],
  ])
  expect(stored.nonFiniteTensors(tensors)).toEqual(['nan', 'half'])
})

describe('whole numbers of other widths', () => {
  it('are read as they were stored', () => {
    fc.assert(
      fc.property(fc.int32Array(), fc.uint32Array(), fc.uint8Array(), (i32, u32, u8) => {
        const [a, b] = [i32, u32].map((x) => getOrThrow(stored.storedInt64(x, [x.length], origin)))
        expect(a && stored.toInt32(a, origin)).toEqual(E.right(i32))
        expect(b && stored.toUint32(b, origin)).toEqual(E.right(u32))
        const c = getOrThrow(stored.storedUint8(u8, [u8.length], origin))
        expect(c.data).toEqual(u8)
        expect(stored.toInt32(c, origin)).toEqual(E.right(Int32Array.from(u8)))
      }),
      { seed: 1 },
    )
  })

  it.each([
    ['U8', [0, 256], '256 at element 1'],
    ['U8', [-1], '-1 at element 0'],
    ['U8', [0.5], '0.5 at element 0'],
    ['I64', [1, 2 ** 53], '9007199254740992 at element 1'],
    ['I64', [Number.NaN], 'NaN at element 0'],
    ['I64', [Number.POSITIVE_INFINITY], 'Infinity at element 0'],
  ])('are refused for %s: %j', (dtype, values, received) => {
    const store = dtype === 'U8' ? stored.storedUint8 : stored.storedInt64
    expect(messageOf(store(values, [values.length], origin))).toContain(received)
  })
})
